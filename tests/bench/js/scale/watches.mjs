/**
 * What watches cost when there are many: a process for each kind and number of them, which writes rows as JSON.
 *
 * Every watch selects something else, and a put is heard by the one watch of its key or by nobody. After a watch of the
 * same first segment has been opened or ended, a put finds the watches of its key anew; the puts after that know them.
 */

import { openBench } from "../store/hall.mjs";
import { keysOf } from "../store/keys.mjs";
import { each, held } from "./memory.mjs";
import { exactly, operations } from "./steps.mjs";

const [kind, number] = process.argv.slice(2);
const count = Number(number);
const TOUCHED = 1_000;

/** A selector for each watch, and a key that it selects. */
const kinds = {
  exact: { selector: (n) => `agents/${n}/status`, key: (n) => `agents/${n}/status` },
  prefix: { selector: (n) => `agents/${n}/**`, key: (n) => `agents/${n}/status` },
  glob: { selector: (n) => `agents/*/${n}`, key: (n) => `agents/planner/${n}` },
};
const { selector, key } = kinds[kind];

const row = (name, unit, numbers) => {
  const subject = `${count.toLocaleString("en")} ${count === 1 ? "watch" : "watches"}`;
  return { table: `watches, ${kind}`, case: name, subject, unit, ...numbers };
};

const hall = await openBench({ limits: { watches: 200_000 } });
let heard = 0;
const hear = () => {
  heard++;
};

/** Opens and ends another watch of the same first segment. */
const another = () => hall.watch("agents/somebody/else", hear)();

const watched = keysOf(Math.min(TOUCHED, count), key);
const unwatched = keysOf(TOUCHED, (n) => `agents/nobody-${n}/hears`);
for (const one of [...watched, ...unwatched]) hall.put(one, 0);

/** Of few there is too little for the clock, or the collector's own ups and downs are more. */
const ofMany = (least, numbers) => (count < least ? exactly(null) : numbers);

// Once before, so that it is compiled.
for (let n = 0; n < 2_000; n++) hall.watch(`warm/${n}`, hear)();
const before = held();
const start = process.hrtime.bigint();
for (let n = 0; n < count; n++) hall.watch(selector(n), hear);
const opening = Number(process.hrtime.bigint() - start) / count;
const memory = each(before, held(), count);

let value = 0;
const put = (keys) => (n) => hall.put(keys[n % keys.length], ++value);

/** How often the last samples were heard, which must be once for each put or never. */
async function puts(most, keys, times, options) {
  const [valueBefore, heardBefore] = [value, heard];
  const measured = await operations(most, put(keys), options);
  const told = heard - heardBefore;
  if (told !== (value - valueBefore) * times) throw new Error(`${told} of ${value - valueBefore} puts were heard`);
  return measured;
}

const rows = [
  row("memory", "B", ofMany(1_000, exactly(memory))),
  row("opening", "ns", ofMany(1_000, exactly(opening))),
  row("one more and its end", "ns", await operations(TOUCHED, another)),
  row("put, watched", "ns", await puts(TOUCHED, watched, 1)),
  row("put, unwatched", "ns", await puts(TOUCHED, unwatched, 0)),
  row(
    "put, watched, after another watch",
    "ns",
    ofMany(100, await puts(watched.length, watched, 1, { before: another })),
  ),
  row("put, unwatched, after another watch", "ns", await puts(TOUCHED, unwatched, 0, { before: another })),
];
process.stdout.write(JSON.stringify(rows));
