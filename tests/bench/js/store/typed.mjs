/**
 * Setting what has a type: a declared variable, and a put to its key, beside the same values put to keys that nobody has
 * declared, and beside TinyBase, whose schema knows fewer types and no bounds. Each key has one watcher.
 *
 * Every value is another one than the key had before, so that no subject can skip work.
 */

import { createStore } from "tinybase";
import { openBench } from "./hall.mjs";
import { keysOf } from "./keys.mjs";

const CHOICES = ["planner", "critic", "writer", "reader"];
const DIMENSIONS = 8;
const numbers = (n) => Array.from({ length: DIMENSIONS }, (_, i) => n + i + 0.5);

/** Each type: how it is declared, the n-th value of a key, and what TinyBase's schema says of it, if it can. */
const types = {
  float: { declaration: { type: "float", min: 0, max: 1e9 }, make: (n) => n + 0.5, schema: { type: "number" } },
  integer: { declaration: { type: "integer", min: 0, max: 1e9 }, make: (n) => n, schema: { type: "number" } },
  boolean: { declaration: { type: "boolean" }, make: (n) => n % 2 === 1, schema: { type: "boolean" } },
  choice: { declaration: { type: "choice", choices: CHOICES }, make: (n) => CHOICES[n % 4], schema: { enum: CHOICES } },
  text: { declaration: { type: "text", maxLength: 64 }, make: (n) => `step ${n}`, schema: { type: "string" } },
  "text with a pattern": {
    declaration: { type: "text", pattern: "^step [0-9]+$" },
    make: (n) => `step ${n}`,
  },
  module: { declaration: { type: "module", modules: CHOICES }, make: (n) => CHOICES[n % 4], schema: { enum: CHOICES } },
  bytes: { declaration: { type: "bytes", maxLength: 64 }, make: (n) => new Uint8Array([n, n >> 8, n >> 16]) },
  list: { declaration: { type: "list", maxLength: 64 }, make: (n) => [n, "planner"], schema: { type: "array" } },
  map: { declaration: { type: "map" }, make: (n) => ({ x: n, name: "planner" }), schema: { type: "object" } },
  [`embedding of ${DIMENSIONS}`]: { declaration: { type: "embedding", dimensions: DIMENSIONS }, make: numbers },
  [`tensor of ${DIMENSIONS}`]: {
    declaration: { type: "tensor", shape: [DIMENSIONS] },
    make: (n) => ({ shape: [DIMENSIONS], data: numbers(n) }),
  },
};

/** Fewer than elsewhere: there are many types, and TinyBase takes microseconds for each value. */
const ROUNDS = 24;

/** Those whose cost is promised; the others are reported. */
const PROMISED = ["float", "integer", "boolean", "choice"];

/** What `open` gives sets the value of one key, and reads it again. */
const sets = (name, type, keys, open) => ({
  name,
  async open() {
    const heard = { count: 0 };
    const { set, get, close } = await open(() => {
      heard.count += 1;
    });
    // Of each key, because a boolean has to change at every key.
    const counts = new Uint32Array(keys.length);
    return {
      before: () => heard.count,
      run: set(counts),
      check(turn, before) {
        const last = turn.at(-1);
        const wanted = JSON.stringify(type.make(counts[last.index]));
        if (heard.count - before !== turn.length) throw new Error(`${name}: ${turn.length} sets were not all heard`);
        if (JSON.stringify(get(last)) !== wanted) throw new Error(`${name}: the last value is not ${wanted}`);
      },
      close,
    };
  },
});

// The loops are written out in each subject: one that all shared would be compiled for none of them.

function variables(type, keys) {
  return sets("statehall, a declared variable", type, keys, async (hear) => {
    const hall = await openBench();
    const all = keys.map(({ key }) => hall.variable(key, type.declaration));
    for (const { key, index } of keys) {
      all[index].set(type.make(0));
      hall.watch(key, hear);
    }
    const set = (counts) => (turn) => {
      for (const { index } of turn) all[index].set(type.make(++counts[index]));
      // What the kernel is to do is done when it is asked something: that belongs to the sets.
      hall.has("nothing");
    };
    return { set, get: ({ index }) => all[index].value, close: () => hall.close() };
  });
}

function puts(name, declares, type, keys) {
  return sets(name, type, keys, async (hear) => {
    const hall = await openBench();
    for (const { key } of keys) {
      if (declares) hall.variable(key, type.declaration);
      hall.put(key, type.make(0));
      hall.watch(key, hear);
    }
    const set = (counts) => (turn) => {
      for (const { key, index } of turn) hall.put(key, type.make(++counts[index]));
      hall.has("nothing");
    };
    return { set, get: ({ key }) => hall.get(key), close: () => hall.close() };
  });
}

function tinybase(type, keys) {
  return sets("TinyBase, setValue with a schema", type, keys, (hear) => {
    const store = createStore();
    store.setValuesSchema(Object.fromEntries(keys.map(({ key }) => [key, type.schema])));
    for (const { key } of keys) {
      store.setValue(key, type.make(0));
      store.addValueListener(key, hear);
    }
    const set = (counts) => (turn) => {
      for (const { key, index } of turn) store.setValue(key, type.make(++counts[index]));
    };
    return { set, get: ({ key }) => store.getValue(key) };
  });
}

/** A case for each type. What is only reported is measured in one process. */
export const typed = Object.entries(types).map(([name, type]) => {
  const keys = keysOf(1_000).map((key, index) => ({ key, index }));
  const subjects = () => [
    variables(type, keys),
    puts("statehall, a put to its key", true, type, keys),
    puts("statehall, a put to an undeclared key", false, type, keys),
    ...(type.schema ? [tinybase(type, keys)] : []),
  ];
  return { table: "typed", name, keys, subjects, rounds: ROUNDS, once: !PROMISED.includes(name) };
});
