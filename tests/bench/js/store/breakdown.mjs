/**
 * Where the time of a hot put goes: each stage does what the one before it does and something more, so that the
 * difference of two rows is what that something takes.
 *
 * The stages up to the kernel call the package's own parts, as the hot path in `js/src/hall.ts` does. When that path
 * changes, this file is to follow; `check` makes sure that the kernel has taken every put.
 */

import { admit } from "../../../../js/dist/value.js";
import { nowhere, openBench } from "./hall.mjs";
import { keysOf } from "./keys.mjs";

const limits = { valueBytes: 1 << 20, valueDepth: 64 };

/** A WebAssembly function of the same numbers as the kernel's put: (f64, i32, f64, i32, f64, i32) -> i32, which is 0. */
function emptyCall() {
  const bytes = [
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[1, 11, 1, 0x60, 6, 0x7c, 0x7f, 0x7c, 0x7f, 0x7c, 0x7f, 1, 0x7f], // the type
    ...[3, 2, 1, 0], // one function of that type
    ...[7, 7, 1, 3, 0x70, 0x75, 0x74, 0, 0], // exported as "put"
    ...[10, 6, 1, 4, 0, 0x41, 0, 0x0b], // i32.const 0
  ];
  return new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(bytes))).exports.put;
}

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

const boundary = (keys) => () => {
  const cells = cellsOf(keys);
  const call = emptyCall();
  const now = Date.now();
  let n = 0;
  return {
    run(turn) {
      for (const key of turn) {
        const cell = cells.get(key);
        const { value, size, same } = admit(++n, cell.value, limits);
        if (same) continue;
        cell.value = value;
        cell.ref += call(cell.slot, n, size, 0, now, cell.ref);
      }
    },
    check: (turn) => assert(cells.get(turn.at(-1)).ref === 0, "the empty call gave something"),
  };
};

/** The kernel in its instance: each key has two numbers for values, put in turn. */
const kernel = (keys) => async () => {
  const hall = await openBench();
  for (const key of keys) hall.put(key, 0);
  const { session_: session, origin } = hall;
  const { core, mirror } = session;
  assert(typeof core.put === "function" && core.put.length === 6, "the kernel's put takes other numbers");
  const cells = new Map();
  for (const key of keys) {
    const { slot, ref, value } = mirror.cells.get(key);
    cells.set(key, { key, slot, ref, value, spare: mirror.hold(0) });
  }
  let [n, refused] = [0, 0];
  return {
    before: () => core.revision(),
    run(turn) {
      const now = session.now();
      for (const key of turn) {
        const cell = cells.get(key);
        const { value, size, same } = admit(++n, cell.value, limits);
        if (same) continue;
        const { ref, spare } = cell;
        // 2: the replaced value has been let go, and nothing else has happened.
        if (core.put(cell.slot, spare, size, origin, now, ref) !== 2) refused++;
        cell.value = value;
        cell.ref = spare;
        cell.spare = ref;
      }
    },
    check(turn, before) {
      assert(refused === 0, `${refused} answers of the kernel were others than of a put that nobody hears`);
      assert(core.revision() - before === turn.length, "the kernel has not counted every put");
    },
    close: () => hall.close(),
  };
};

const whole =
  (keys, { share, watched, settles }) =>
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
  ["the boundary is crossed to a function that does nothing", boundary],
  ["the kernel does its part", kernel],
  ["the mirror is kept, with all else that hall.put does", (keys) => whole(keys, {})],
  ["the hall is shared: what is to be sent is noted", (keys) => whole(keys, { share: true })],
  ["a watcher of the key is called", (keys) => whole(keys, { share: true, watched: true })],
  [
    "the turn ends: encoding and frames, over its puts",
    (keys) => whole(keys, { share: true, watched: true, settles: true }),
  ],
];

export function breakdown(count) {
  const keys = keysOf(count);
  const subjects = () => stages.map(([name, open]) => ({ name, open: open(keys) }));
  return { table: "breakdown", name: `${count.toLocaleString("en")} keys`, keys, subjects };
}
