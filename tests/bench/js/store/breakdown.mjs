/**
 * Where the time of a hot put goes: each stage does what the one before it does and something more, so that the
 * difference of two rows is what that something takes.
 *
 * The first stages call the package's own parts, as the hot path in `js/src/hall.ts` does. When that path changes, this
 * file is to follow. Looking for a key that is not there makes the kernel catch up.
 */

import { admit } from "../../../../js/dist/value.js";
import { nowhere, openBench } from "./hall.mjs";
import { keysOf } from "./keys.mjs";

const limits = { valueBytes: 1 << 20, valueDepth: 64 };

/** A Map from keys to what a hall keeps of each, as far as a put needs it. */
const cellsOf = (keys) => new Map(keys.map((key, slot) => [key, { key, slot, ref: 0, value: 0 }]));

function assert(holds, what) {
  if (!holds) throw new Error(`the breakdown of a put: ${what}; does it still follow js/src/hall.ts?`);
}

const lookup = (keys) => () => {
  const cells = cellsOf(keys);
  return {
    run(turn) {
      let found = 0;
      for (const key of turn) if (cells.get(key).value === 0) found++;
      return found;
    },
    check: (turn, _, found) => assert(found === turn.length, "keys were not found"),
  };
};

const validation = (keys) => () => {
  const cells = cellsOf(keys);
  let n = 0;
  return {
    run(turn) {
      for (const key of turn) {
        const cell = cells.get(key);
        const { value, same } = admit(++n, cell.value, limits);
        if (!same) cell.value = value;
      }
    },
    check: (turn) => assert(cells.get(turn.at(-1)).value === n, "a value was not taken"),
  };
};

const whole =
  (keys, { asks, share, watched, settles }) =>
  async () => {
    const hall = await openBench(share ? { share: nowhere() } : {});
    const heard = { count: 0 };
    for (const key of keys) hall.put(key, 0);
    if (watched) {
      for (const key of keys) {
        hall.watch(key, () => {
          heard.count += 1;
        });
      }
    }
    let n = 0;
    const put = (turn) => {
      for (const key of turn) hall.put(key, ++n);
      if (asks) hall.has("nothing");
    };
    const settle = async (turn) => {
      put(turn);
      await null;
    };
    return {
      before: () => heard.count,
      run: settles ? settle : put,
      check(turn, before) {
        assert(hall.get(turn.at(-1)) === n, "a put has not happened");
        assert(heard.count - before === (watched ? turn.length : 0), "a put was not heard");
      },
      close: () => hall.close(),
    };
  };

/** The stages, each with what it adds to the one before it. */
const stages = [
  ["the key is looked up", lookup],
  ["the value is validated, measured and compared", validation],
  ["the mirror takes it, with all else that hall.put does", (keys) => whole(keys, {})],
  ["the kernel catches up, in one crossing of the boundary for up to 256 keys", (keys) => whole(keys, { asks: true })],
  ["the hall is shared: what is to be sent is noted", (keys) => whole(keys, { asks: true, share: true })],
  ["a watcher of the key is called", (keys) => whole(keys, { asks: true, share: true, watched: true })],
  [
    "the turn ends: encoding and frames, over its puts",
    (keys) => whole(keys, { asks: true, share: true, watched: true, settles: true }),
  ],
];

export function breakdown(count) {
  const keys = keysOf(count);
  const subjects = () => stages.map(([name, open]) => ({ name, open: open(keys) }));
  return { table: "breakdown", name: `${count.toLocaleString("en")} keys`, keys, subjects };
}
