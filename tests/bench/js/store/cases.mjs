/**
 * The cases that are measured in processes of their own: what each table compares, at how many keys.
 *
 * A put makes every value anew, so that no subject can skip work, and each watcher counts: after every sample the
 * counts must be right, and the last value that was told the last that was put. A get counts what it finds.
 */

import { admit } from "../../../../js/dist/value.js";
import { atoms } from "./atoms.mjs";
import { breakdown } from "./breakdown.mjs";
import { halls, nowhere, openBench } from "./hall.mjs";
import { keysOf } from "./keys.mjs";
import { machines } from "./machines.mjs";
import { patches } from "./patches.mjs";
import { replicas } from "./replicas.mjs";
import { typed } from "./typed.mjs";

const everyone = [...Object.values(halls), ...Object.values(atoms), ...Object.values(replicas)];
const number = (n) => n;
const object = (n) => ({ x: n, name: "planner" });
const numberIn = (value) => (typeof value === "object" ? value.x : value);

export const named = (count) => `${count.toLocaleString("en")} ${count === 1 ? "key" : "keys"}`;

/** Puts that `watchers` hear. */
const puts = (keys, make, watchers) => (peer) => ({
  name: peer.name,
  async open() {
    const tally = { heard: 0, last: undefined };
    const { put, close } = await peer.open({ keys, watchers, tally, make });
    let n = 0;
    return {
      before: () => tally.heard,
      run: put,
      check(turn, before) {
        n += turn.length;
        const heard = tally.heard - before;
        if (heard !== turn.length * watchers)
          throw new Error(`${peer.name}: watchers were called ${heard} times by ${turn.length} puts`);
        if (numberIn(tally.last) !== n) throw new Error(`${peer.name}: the last value is ${tally.last}, not ${n}`);
      },
      close,
    };
  },
});

const gets = (keys) => (peer) => ({
  name: peer.name,
  async open() {
    const { get, close } = await peer.open({ keys, watchers: 1, tally: { heard: 0 }, make: number });
    return { run: get, check: found(peer.name), close };
  },
});

const found = (name) => (turn, _, result) => {
  if (result !== turn.length) throw new Error(`${name}: ${result} of ${turn.length} were found`);
};

const mapGet = (keys) => ({
  name: "Map.get",
  open() {
    const map = new Map(keys.map((key) => [key, 0]));
    const get = (turn) => {
      let found = 0;
      for (const key of turn) if (map.get(key) !== undefined) found++;
      return found;
    };
    return { run: get, check: found("Map.get") };
  },
});

/** A put to one key, or to some, with watches of other keys: nobody hears it. */
const elsewhere = (keys, count) => ({
  name: `${count.toLocaleString("en")} watches elsewhere`,
  async open() {
    const hall = await openBench({ share: nowhere() });
    for (const key of keys) hall.put(key, 0);
    for (const key of keysOf(count, (n) => `agents/${n}/other`)) hall.watch(key, () => wrong("heard"));
    let n = 0;
    return {
      run(turn) {
        for (const key of turn) hall.put(key, ++n);
      },
      check: (turn) => hall.get(turn.at(-1)) === n || wrong("not put"),
      close: () => hall.close(),
    };
  },
});

function wrong(what) {
  throw new Error(`a put is ${what}`);
}

/** Puts with what each turn puts off until its end: the encoding, the frames, the timer. */
const turns = (keys, name, options, size) => ({
  name,
  async open() {
    const hall = await openBench(options);
    const heard = { count: 0 };
    for (const key of keys) hall.put(key, 0);
    for (const key of keys) {
      hall.watch(key, () => {
        heard.count += 1;
      });
    }
    let n = 0;
    return {
      before: () => heard.count,
      async run(turn) {
        for (let i = 0; i < turn.length; ) {
          for (const end = Math.min(i + size, turn.length); i < end; i++) hall.put(turn[i], ++n);
          await null;
        }
      },
      check: (turn, before) => heard.count - before === turn.length || wrong("not heard"),
      close: () => hall.close(),
    };
  },
});

/** What validating and freezing a fresh object takes by itself; with the making of the object, and that alone. */
function walks() {
  const limits = { valueBytes: 1 << 20, valueDepth: 64 };
  const alone = (name, work) => ({
    name,
    open() {
      let n = 0;
      const run = (turn) => {
        let sum = 0;
        for (const _ of turn) sum += work(++n);
        return sum;
      };
      return { run, check: (turn, _, sum) => sum >= turn.length || wrong("not walked") };
    },
  });
  let old = object(0);
  const walked = alone("making an object, and only validating, comparing and freezing it", (n) => {
    const { value, size } = admit(object(n), old, limits);
    old = value;
    return size;
  });
  return [walked, alone("making an object", (n) => object(n).x)];
}

function putCase(count) {
  const keys = keysOf(count);
  return { table: "put", name: named(count), keys, subjects: () => everyone.map(puts(keys, number, 1)) };
}

function getCase(count) {
  const keys = keysOf(count);
  return { table: "get", name: named(count), keys, subjects: () => [mapGet(keys), ...everyone.map(gets(keys))] };
}

function objectCase(count) {
  const keys = keysOf(count);
  const subjects = () => [...everyone.map(puts(keys, object, 1)), ...walks()];
  return { table: "objects", name: named(count), keys, subjects };
}

function watchersCase() {
  const keys = keysOf(1);
  const some = [halls.shared, halls.own, atoms.signals, atoms.nanoAtoms, atoms.jotai, replicas.values];
  return { table: "watchers", name: "100 watchers", keys, subjects: () => some.map(puts(keys, number, 100)) };
}

function elsewhereCase(count) {
  const keys = keysOf(count);
  return { table: "elsewhere", name: named(count), keys, subjects: () => [0, 10_000].map((n) => elsewhere(keys, n)) };
}

function turnCase(size) {
  const keys = keysOf(1_000);
  const name = size === 1 ? "1 put a turn" : `${size.toLocaleString("en")} puts a turn`;
  const nothing = {
    name: "waiting for the end of a turn in which nothing happens",
    open: () => ({
      async run(turn) {
        for (let i = 0; i < turn.length; i += size) await null;
      },
      check() {},
    }),
  };
  const shared = turns(keys, "statehall, shared", { share: nowhere() }, size);
  const channel = turns(keys, "statehall, shared, over a BroadcastChannel", { share: true }, size);
  const own = turns(keys, "statehall, private", {}, size);
  return { table: "turn", name, keys, subjects: () => [shared, channel, own, nothing] };
}

/** Every case, by table and name. The breakdown comes first: it is the first to notice that the package has changed. */
export const cases = [
  ...[1_000, 10_000].map(breakdown),
  ...[1, 1_000, 10_000].map(putCase),
  ...[1, 1_000, 10_000].map(getCase),
  objectCase(1_000),
  watchersCase(),
  ...[1, 1_000].map(elsewhereCase),
  ...[1, 100, 10_000].map(turnCase),
  ...typed,
  ...patches,
  ...machines,
];
