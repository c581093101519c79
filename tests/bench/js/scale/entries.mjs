/**
 * What work costs in a hall of many entries: a process for each number of them, which writes rows as JSON.
 *
 * The loops visit 1,000 keys in scattered order, whatever the hall holds, and always the same ones: what grows here is
 * what a user's loop pays for entries that it does not touch. Beside them a Map of as many keys, which shows what the
 * machine's memory does. `keys of one prefix` and `changes of one` are questions with an answer of one item.
 */

import { nowhere, openBench } from "../store/hall.mjs";
import { keysOf, ORDER, scattered } from "../store/keys.mjs";
import { each, held } from "./memory.mjs";
import { exactly, operations, task } from "./steps.mjs";

const count = Number(process.argv[2]);
const TOUCHED = 1_000;
const options = () => ({ share: nowhere(), limits: { entries: 2_000_000, bytes: 2 ** 31 } });

const row = (name, unit, numbers) => {
  const subject = `${count.toLocaleString("en")} entries`;
  return { table: "entries", case: name, subject, unit, ...numbers };
};

function assert(holds, what) {
  if (!holds) throw new Error(`with ${count} entries ${what}`);
}

/** A thousand puts a turn, so that no turn is as large as the hall. */
async function fill(hall, keys) {
  for (let i = 0; i < keys.length; ) {
    for (const end = Math.min(keys.length, i + 1_000); i < end; i++) hall.put(keys[i], i);
    await null;
  }
}

/** As many halls as hold 100,000 entries together, so that what one has beside its entries is counted as well. */
async function filled(keys) {
  const halls = Array.from({ length: Math.max(1, 100_000 / count) });
  const before = held();
  let took = 0;
  for (let i = 0; i < halls.length; i++) {
    halls[i] = await openBench(options());
    const start = process.hrtime.bigint();
    await fill(halls[i], keys);
    took += Number(process.hrtime.bigint() - start);
  }
  const memory = each(before, held(), count * halls.length);
  const [hall, ...others] = halls;
  for (const other of others) other.close();
  const rows = [row("memory", "B", exactly(memory)), row("new key", "ns", exactly(took / halls.length / count))];
  return { hall, rows };
}

async function loops(hall, keys) {
  const touched = keys.filter((_, n) => n % (count / TOUCHED) === 0);
  const order = scattered(touched);
  const prefixes = order.map((key) => `${key.slice(0, -"/status".length)}/*`);
  const map = new Map(keys.map((key, n) => [key, n]));
  let n = 0;
  const put = (i) => hall.put(order[i], ++n);
  const set = (i) => map.set(order[i], ++n);
  const get = (i) => assert(hall.get(order[i]) !== undefined, "a key is gone");
  const batch = (i) => hall.batch(() => hall.put(order[i], ++n));
  const remove = (i) => {
    hall.delete(order[i]);
    hall.put(order[i], ++n);
  };
  const select = (i) => assert(hall.keys(prefixes[i]).length === 1, "a prefix has no key");
  const changes = (i) => {
    hall.put(order[i], ++n);
    assert(hall.changes(hall.revision - 1).changes.length === 1, "a change is not known");
  };
  const watch = (i) => hall.watch(order[i], () => {})();
  const initial = (i) => hall.watch(prefixes[i], () => {}, { initial: true })();
  return [
    row("put", "ns", await operations(ORDER, put)),
    row("Map.set", "ns", await operations(ORDER, set)),
    row("get", "ns", await operations(ORDER, get)),
    row("put, 1 a turn, with its end", "ns", await operations(TOUCHED, put, { turns: true })),
    row("batch of one put", "ns", await operations(TOUCHED, batch)),
    row("delete and put", "ns", await operations(TOUCHED, remove)),
    row("put and changes of one", "ns", await operations(TOUCHED, changes)),
    row("watch and its end", "ns", await operations(TOUCHED, watch)),
    row("keys of one prefix", "ns", await operations(TOUCHED, select)),
    row("watch of one prefix, with its initial value", "ns", await operations(TOUCHED, initial)),
  ];
}

/** A new key among the others, then what is beside it: its place is found, and nothing else is put in order. */
async function created(hall, keys) {
  const order = scattered(keys.filter((_, n) => n % (count / TOUCHED) === 0));
  let n = 0;
  const create = (i) => {
    hall.put(`${order[i]}/${++n}`, n);
    assert(hall.keys(`${order[i]}/*`).length > 0, "a new key is not listed");
  };
  return row("new key and its listing", "ns", await operations(100, create));
}

async function whole(hall) {
  const snapshot = hall.snapshot();
  let made;
  const empty = async () => {
    made?.close();
    made = await openBench(options());
    return made;
  };
  const restored = await task((into) => into.restore(snapshot), empty);
  assert(made.usage().entries === count, "not all are restored");
  made.close();
  return [
    row("snapshot", "ms", await task(() => hall.snapshot())),
    row("restore", "ms", restored),
    row("bytes of the snapshot", "B", exactly(snapshot.length / count)),
  ];
}

// Starts the kernel, whose memory is read before there is a hall to measure.
(await openBench(options())).close();

const keys = keysOf(count);
const { hall, rows } = await filled(keys);
rows.push(...(await loops(hall, keys)), ...(await whole(hall)), await created(hall, keys));
process.stdout.write(JSON.stringify(rows));
