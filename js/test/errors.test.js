/** Mistakes of a caller: every argument of every method, with everything that it is not. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { openHall, StatehallError } from "statehall";
import { begin, refused, stateOf } from "./support/hall.js";

/** What a caller's mistake may be answered with. */
const codes = new Set([
  "invalid-key",
  "invalid-selector",
  "invalid-value",
  "invalid-argument",
  "invalid-snapshot",
  "limit",
  "callback-failed",
]);

const itsOwn = new Error("thrown by a proxy");
const throwing = new Proxy({}, { get: throwIt, ownKeys: throwIt, getPrototypeOf: throwIt });

function throwIt() {
  throw itsOwn;
}

/** What a hall throws at nonsense; what the caller's own code throws while it is looked at goes through as it is. */
function assertRefusal(error, name) {
  if (error === itsOwn) return;
  assert.ok(error instanceof StatehallError, `${name}: ${error?.stack}`);
  assert.ok(codes.has(error.code), `${name}: ${error.message}`);
}

class Custom {
  member = 1;
}

/** Something of every sort. */
const nonsense = {
  undefined: undefined,
  null: null,
  true: true,
  zero: 0,
  "a negative number": -1,
  "a fraction": 1.5,
  NaN: Number.NaN,
  Infinity: Infinity,
  "a number that is too large": 2 ** 60,
  "a bigint": 1n,
  "a large bigint": 2n ** 62n,
  "a bigint that is too large": 2n ** 64n,
  "empty text": "",
  "an empty segment": "a//b",
  "a wildcard": "**",
  "a bad escape": "a~",
  "a lone surrogate": "\ud800",
  "long text": "x".repeat(70_000),
  "a symbol": Symbol("s"),
  "an empty array": [],
  "an array of numbers": [1, 2],
  "an array of segments": ["a", "b"],
  "an array with an empty segment": ["a", ""],
  "an array with a lone surrogate": ["\udc00"],
  "an array with a hole": Array(1),
  "an empty object": {},
  "an object with a member": { nonsense: 1 },
  "an object with a function": { f() {} },
  "an object without prototype": Object.create(null),
  "keys that are none": { keys: 5 },
  "keys of numbers": { keys: [5] },
  "no keys": { keys: [] },
  "a function": () => 1,
  "a function that throws": () => {
    throw new Error("nonsense");
  },
  "a class": Custom,
  "an instance": new Custom(),
  "a date": new Date(0),
  "a map": new Map(),
  "a promise": Promise.resolve(1),
  bytes: new Uint8Array(3),
  "an array buffer": new ArrayBuffer(3),
  "a regular expression": /a/,
  "a proxy that throws": throwing,
};

/** For every method the arguments of a good call, and what of the nonsense is as good, at each position. */
const anything = Object.keys(nonsense);
const storable = [
  "null",
  "true",
  "zero",
  "a negative number",
  "a fraction",
  "NaN",
  "Infinity",
  "a number that is too large",
  "a large bigint",
  "empty text",
  "an empty segment",
  "a wildcard",
  "a bad escape",
  "long text",
  "an empty array",
  "an array of numbers",
  "an array of segments",
  "an array with an empty segment",
  "an empty object",
  "an object with a member",
  "an object without prototype",
  "keys that are none",
  "keys of numbers",
  "no keys",
  "bytes",
];
const key = ["an array of segments"];
const readable = ["long text", ...key];
const selector = ["a wildcard", "an array of segments"];
const names = ["an empty segment", "a wildcard", "a bad escape"];
const optional = (...also) => ["undefined", ...also];
const functions = ["a function", "a function that throws", "a class"];
const nothing = () => {};

const methods = {
  put: { good: ["a", 1, {}], fine: [key, storable, optional("an empty object", "an object without prototype")] },
  get: { good: ["a", "fallback"], fine: [readable, anything] },
  has: { good: ["a"], fine: [readable] },
  delete: { good: ["a", {}], fine: [key, optional("an empty object", "an object without prototype")] },
  update: { good: ["new", 0, () => 1], fine: [key, storable, ["a function"]] },
  entry: { good: ["a"], fine: [readable] },
  keys: { good: ["a"], fine: [optional(...selector)] },
  toMap: { good: ["a"], fine: [optional(...selector)] },
  clear: { good: ["a"], fine: [optional(...selector)] },
  changes: { good: [0, "a"], fine: [["zero"], optional(...selector)] },
  watch: {
    good: ["a", nothing, {}],
    fine: [selector, functions, optional("an empty object", "an object without prototype")],
  },
  end: { good: ["ann"], fine: [["empty text", ...names, "long text"]] },
  as: { good: ["ann"], fine: [names] },
  watchSessions: { good: [nothing], fine: [functions] },
  restore: { good: [], fine: [[]] },
  export: { good: ["a"], fine: [optional(...selector)] },
};

for (const [method, { good, fine }] of Object.entries(methods)) {
  test(`${method} refuses nonsense, and nothing changes`, (t) => {
    const positions = Math.max(good.length, fine.length);
    for (let position = 0; position < positions; position++) {
      const accepted = [];
      for (const [name, given] of Object.entries(nonsense)) {
        const { hall } = begin(t, { limits: { valueBytes: 100_000 } });
        hall.put("a", 1);
        const before = [stateOf(hall), hall.export()];
        const args = [...good];
        args[position] = given;
        try {
          hall[method](...args);
          accepted.push(name);
        } catch (error) {
          assertRefusal(error, name);
          assert.deepEqual([stateOf(hall), hall.export()], before, name);
        }
        assert.equal(hall.put("a", 2).conflict, false, "the hall goes on");
      }
      assert.deepEqual(
        accepted,
        anything.filter((name) => fine[position]?.includes(name)),
        `argument ${position + 1}`,
      );
    }
  });
}

test("batch takes a function that is not asynchronous", (t) => {
  for (const [name, given] of Object.entries(nonsense)) {
    const { hall } = begin(t);
    if (typeof given !== "function") refused("invalid-argument", () => hall.batch(given));
    else if (name === "a function") assert.equal(hall.batch(given), 1);
    else assert.throws(() => hall.batch(given), name === "a class" ? TypeError : /nonsense/);
  }
});

/** Every option, of which no nonsense but this is accepted. */
const wholes = ["zero"];
const optionsOf = {
  put: {
    call: (hall, options) => hall.put("a", 1, options),
    fine: {
      expect: wholes,
      metadata: [
        "an empty object",
        "an object with a member",
        "an object without prototype",
        "keys that are none",
        "keys of numbers",
        "no keys",
      ],
      ttl: [],
      touch: ["true"],
    },
  },
  delete: { call: (hall, options) => hall.delete("a", options), fine: { expect: wholes, touch: ["true"] } },
  watch: {
    call: (hall, options) => hall.watch("a", nothing, options),
    fine: { initial: ["true"], filter: functions, once: ["true"], signal: [] },
  },
  iterate: {
    call: (hall, options) => hall.watch("a", options),
    fine: { capacity: [], initial: ["true"], filter: functions, once: ["true"], signal: [] },
  },
  openHall: {
    call: (_, options) => openHall(options).close(),
    fine: {
      share: ["true", "an empty array"],
      clock: [],
      limits: ["an empty object", "an object without prototype"],
      notify: ["true"],
      onError: functions,
    },
  },
};

for (const [method, { call, fine }] of Object.entries(optionsOf)) {
  test(`${method} refuses unknown options and options of a wrong type`, (t) => {
    const { hall } = begin(t);
    hall.put("a", 1);
    const before = stateOf(hall);
    refused(
      "invalid-argument",
      () => call(hall, { nonsense: undefined }),
      /there is no option "nonsense"; the options are/,
    );
    refused("invalid-argument", () => call(hall, JSON.parse('{"__proto__": 1}')), /"__proto__"/);
    assert.deepEqual(stateOf(hall), before);
    for (const [option, allowed] of Object.entries(fine)) {
      const accepted = [];
      for (const [name, given] of Object.entries(nonsense)) {
        const { hall } = begin(t);
        hall.put("a", 1);
        const before = stateOf(hall);
        try {
          call(hall, { [option]: given });
          accepted.push(name);
        } catch (error) {
          assertRefusal(error, `${option}: ${name}`);
          assert.deepEqual(stateOf(hall), before, `${option}: ${name}`);
        }
      }
      assert.deepEqual(
        accepted,
        anything.filter((name) => name === "undefined" || allowed.includes(name)),
        option,
      );
    }
  });
}

test("limits are whole numbers in their ranges, under their names", () => {
  const hall = openHall();
  const { limits } = hall;
  hall.close();
  for (const name of Object.keys(limits)) {
    for (const wrong of [-1, 1.5, Number.NaN, Infinity, 2 ** 60, "1", null, 1n, {}]) {
      refused("invalid-argument", () => openHall({ limits: { [name]: wrong } }));
    }
    openHall({ limits: { [name]: limits[name] } }).close();
    openHall({ limits: { [name]: undefined } }).close();
  }
  refused("invalid-argument", () => openHall({ limits: { entires: 5 } }), /"entires".*entries/);
  for (const name of ["__proto__", "constructor", "toString"]) {
    refused("invalid-argument", () => openHall({ limits: JSON.parse(`{"${name}": 1}`) }));
  }
});

test("what is beyond a limit is refused with its name, and nothing changes", (t) => {
  const exceeding = {
    keyBytes: [{ keyBytes: 5 }, (hall) => hall.put("123456", 1)],
    segments: [{ segments: 2 }, (hall) => hall.put("a/b/c", 1)],
    valueBytes: [{ valueBytes: 5 }, (hall) => hall.put("a", "12345")],
    valueDepth: [{ valueDepth: 2 }, (hall) => hall.put("a", [[[]]])],
    metadataBytes: [{ metadataBytes: 5 }, (hall) => hall.put("a", 1, { metadata: { a: "12345" } })],
    entries: [{ entries: 1 }, (hall) => hall.put("b", 1)],
    bytes: [{ bytes: 10 }, (hall) => hall.put("a", "1234567890")],
    watches: [{ watches: 1 }, (hall) => hall.watch("a", nothing)],
    selectorKeys: [{ selectorKeys: 2 }, (hall) => hall.keys({ keys: ["a", "b", "c"] })],
    queue: [{ queue: 5 }, (hall) => hall.watch("a", { capacity: 6 })],
  };
  for (const [name, [limits, exceed]] of Object.entries(exceeding)) {
    const { hall } = begin(t, { limits });
    hall.put("a", 1);
    hall.watch("a", nothing);
    const before = stateOf(hall);
    refused("limit", () => exceed(hall), new RegExp(`\\b${name}\\b`));
    assert.deepEqual(stateOf(hall), before, name);
  }
});

test("a limit holds on the path of a put to a known key as well", (t) => {
  const { hall } = begin(t, { limits: { valueBytes: 100, bytes: 60 } });
  hall.put("a", 1);
  hall.put("a", 2);
  const before = stateOf(hall);
  refused("limit", () => hall.put("a", "x".repeat(101)), /valueBytes/);
  refused("limit", () => hall.put("a", "x".repeat(80)), /\bbytes\b/);
  assert.deepEqual(stateOf(hall), before);
  assert.equal(hall.put("a", "fits").changed, true);
});

test("names of halls and agents have 1 to 256 bytes", (t) => {
  const { hall } = begin(t);
  for (const name of ["", "x".repeat(257), "é".repeat(129)]) {
    refused("invalid-argument", () => openHall({ name }));
    refused("invalid-argument", () => openHall({ agent: name }));
    refused("invalid-argument", () => hall.as(name));
  }
  assert.equal(hall.as("é".repeat(128)).agent.length, 128);
});

test("a clock must have its three functions", () => {
  const clock = { now: () => 0, monotonic: () => 0, setTimer: () => nothing };
  openHall({ clock }).close();
  for (const name of Object.keys(clock))
    refused("invalid-argument", () => openHall({ clock: { ...clock, [name]: 5 } }), new RegExp(name));
});

test("an error is an Error, with a code for programs and a detail for people", (t) => {
  const { hall } = begin(t);
  const error = refused("invalid-key", () => hall.put("", 1));
  assert.ok(error instanceof Error);
  assert.deepEqual([error.name, error.message], ["StatehallError", `invalid-key: ${error.detail}`]);
  const { detail } = refused("invalid-value", () => hall.put("a", { list: [1, { when: new Date() }] }));
  assert.match(detail, /value\.list\[1\]\.when.*Date.*toISOString/);
});
