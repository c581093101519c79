/**
 * Reading and writing entries: what the npm face adds to the behaviour in `tests/transcripts` (put, delete, update, keys,
 * ttl): identity and immutability of what is read, bytes, member names, and functions.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { begin, inherited, refused } from "./support/hall.js";

test("a read returns the same reference until the value changes", (t) => {
  const { hall } = begin(t);
  hall.put("plan", { steps: [1, 2] });
  const first = hall.get("plan");
  assert.equal(hall.get("plan"), first);
  assert.equal(hall.entry("plan").value, first);
  assert.equal(hall.toMap().get("plan"), first);

  hall.put("plan", { steps: [1, 2] });
  assert.equal(hall.get("plan"), first, "an equal value is not another one");
  hall.put("plan", { steps: [1, 2] }, { touch: true, metadata: { by: "ann" } });
  assert.equal(hall.get("plan"), first, "nor is it when it counts as a change");

  hall.put("plan", { steps: [1, 2, 3] });
  assert.notEqual(hall.get("plan"), first);
  assert.deepEqual(first, { steps: [1, 2] });
});

test("what is stored is the object that was put, frozen throughout", (t) => {
  const { hall } = begin(t);
  const plan = { steps: [{ done: false }], title: "a" };
  hall.put("plan", plan);
  assert.equal(hall.get("plan"), plan);
  for (const part of [plan, plan.steps, plan.steps[0]]) assert.ok(Object.isFrozen(part));
  assert.throws(() => plan.steps.push(1), TypeError);
  assert.throws(() => {
    plan.title = "b";
  }, TypeError);
});

test("a refused value is not frozen", (t) => {
  const { hall } = begin(t, { limits: { valueBytes: 8 } });
  const tooLarge = { title: "far too long" };
  const impossible = { at: new Date(), list: [] };
  refused("limit", () => hall.put("a", tooLarge));
  refused("invalid-value", () => hall.put("a", impossible));
  assert.deepEqual([tooLarge, impossible, impossible.list].map(Object.isFrozen), [false, false, false]);
});

test("metadata and initial values are frozen too", (t) => {
  const { hall } = begin(t);
  hall.put("a", 1, { metadata: { by: ["ann"] } });
  const { metadata } = hall.entry("a");
  assert.ok(Object.isFrozen(metadata) && Object.isFrozen(metadata.by));
  hall.update("b", { count: 0 }, (initial) => {
    assert.ok(Object.isFrozen(initial));
    return { count: initial.count + 1 };
  });
  assert.deepEqual(hall.get("b"), { count: 1 });
});

test("bytes are copied on the way in and on the way out", (t) => {
  const { hall } = begin(t);
  const bytes = new Uint8Array([1, 2, 3]);
  const holder = { inner: { bytes } };
  hall.put("bytes", bytes);
  hall.put("holder", holder);
  bytes[0] = 9;
  assert.deepEqual(hall.get("bytes"), new Uint8Array([1, 2, 3]));
  assert.deepEqual(hall.get("holder"), { inner: { bytes: new Uint8Array([1, 2, 3]) } });
  assert.ok(!Object.isFrozen(holder), "the caller's own container stays the caller's");

  const readers = [
    () => hall.get("bytes"),
    () => hall.get("holder").inner.bytes,
    () => hall.entry("bytes").value,
    () => hall.toMap().get("bytes"),
    () => hall.changes(0).changes[0].value,
  ];
  for (const read of readers) {
    read()[0] = 77;
    assert.equal(read()[0], 1, String(read));
  }
});

test("bytes in metadata, and those that a watcher or an update is given, are copies", (t) => {
  const { hall } = begin(t);
  const scribble = (bytes) => {
    bytes[0] = 77;
    return bytes;
  };
  hall.watch("a", (change) => {
    scribble(change.value);
    scribble(change.metadata.seal);
    if (change.old) scribble(change.old);
  });
  hall.put("a", new Uint8Array([1]), { metadata: { seal: new Uint8Array([2]) } });
  hall.put("a", new Uint8Array([3]), { metadata: { seal: new Uint8Array([2]) } });
  scribble(hall.entry("a").metadata.seal);
  assert.deepEqual(hall.get("a"), new Uint8Array([3]));
  assert.deepEqual(hall.entry("a").metadata, { seal: new Uint8Array([2]) });

  let kept;
  hall.update("b", new Uint8Array([1]), (bytes) => {
    kept = scribble(bytes);
    return kept;
  });
  kept[0] = 5;
  assert.deepEqual(hall.get("b"), new Uint8Array([77]));
});

test("names that objects inherit are ordinary keys", (t) => {
  const { hall } = begin(t);
  for (const key of inherited) {
    assert.equal(hall.get(key), undefined);
    assert.equal(hall.has(key), false);
    assert.equal(hall.entry(key), undefined);
    assert.equal(hall.get(key, "fallback"), "fallback");
  }
  const told = [];
  hall.watch("**", ({ key }) => told.push(key));
  for (const key of inherited) hall.put(key, key);
  assert.deepEqual(told, inherited);
  for (const key of inherited) {
    assert.equal(hall.get(key), key);
    assert.equal(
      hall.update(key, "", (value) => `${value}!`),
      `${key}!`,
    );
  }
  const sorted = [...inherited].sort();
  assert.deepEqual(hall.keys(), sorted);
  assert.deepEqual([...hall.toMap().keys()], sorted);
  for (const key of inherited) assert.equal(hall.delete(key).changed, true);
  assert.deepEqual(hall.keys(), []);
  assert.equal({}.polluted, undefined);
});

test("names that objects inherit are ordinary members", (t) => {
  const { hall } = begin(t);
  const value = JSON.parse(
    '{"__proto__": {"polluted": true}, "constructor": 1, "toString": null, "hasOwnProperty": []}',
  );
  hall.put("a", value, { metadata: value });
  for (const read of [hall.get("a"), hall.entry("a").metadata, hall.toMap().get("a")]) {
    assert.deepEqual(Object.keys(read), ["__proto__", "constructor", "toString", "hasOwnProperty"]);
    assert.equal(Object.getPrototypeOf(read), Object.prototype);
    assert.equal(read.polluted, undefined);
  }
  assert.equal(hall.put("a", structuredClone(value), { metadata: value }).changed, false);
  assert.equal(hall.put("a", { constructor: 1, toString: null, hasOwnProperty: [] }).changed, true);
});

test("a member that is undefined counts as absent", (t) => {
  const { hall } = begin(t);
  hall.put("a", { b: 1, c: undefined });
  assert.equal(hall.put("a", { b: 1 }).changed, false);
  refused("invalid-value", () => hall.put("a", undefined), /undefined: use null/);
  refused("invalid-value", () => hall.put("a", [undefined]), /value\[0\]/);
});

test("a key may be given as segments, to every method", (t) => {
  const { hall } = begin(t);
  const key = ["agents", "a/b", "~"];
  const text = "agents/a~1b/~0";
  hall.put(key, 1);
  assert.equal(hall.get(text), 1);
  assert.equal(hall.get(key), 1);
  assert.equal(hall.has(key), true);
  assert.equal(hall.entry(key).key, text);
  assert.equal(
    hall.update(key, 0, (n) => n + 1),
    2,
  );
  assert.deepEqual(hall.keys(key), [text]);
  assert.deepEqual(hall.keys(["agents", "*", "~"]), [text]);
  assert.deepEqual([...hall.toMap({ keys: [key] })], [[text, 2]]);
  const watched = [];
  const stop = hall.watch(key, (change) => watched.push(change.watched, change.key));
  hall.put(text, 3);
  stop();
  assert.deepEqual(watched, [key, text], "watched is the selector as it was given");
  assert.equal(hall.delete(key).changed, true);
  assert.equal(hall.put(["a"], 1).changed && hall.clear({ keys: [["a"]] }), 1);
});

test("absent is undefined, and null is null", (t) => {
  const { hall } = begin(t);
  hall.put("nothing", null);
  assert.equal(hall.get("nothing"), null);
  assert.equal(hall.get("nothing", "fallback"), null);
  assert.equal(hall.has("nothing"), true);
  assert.equal(hall.get("absent"), undefined);
  const fallback = () => "a fallback may be anything, and is not stored";
  assert.equal(hall.get("absent", fallback), fallback);
  assert.equal(hall.has("absent"), false);
});

test("an entry tells everything that is known", (t) => {
  const { hall, clock } = begin(t, { agent: "ann" });
  hall.put("a", 1, { ttl: 500, metadata: { why: "test" } });
  assert.deepEqual(hall.entry("a"), {
    key: "a",
    value: 1,
    revision: 1,
    origin: "ann",
    metadata: { why: "test" },
    updated: clock.now(),
    expires: clock.now() + 500,
  });
  hall.put("a", 2);
  const { metadata, expires } = hall.entry("a");
  assert.deepEqual([metadata, expires], [undefined, undefined]);
});

test("a map of the hall is a copy", (t) => {
  const { hall } = begin(t);
  hall.put("a", 1);
  const map = hall.toMap();
  hall.put("b", 2);
  map.set("c", 3);
  assert.deepEqual([...map.keys()], ["a", "c"]);
  assert.deepEqual(hall.keys(), ["a", "b"]);
});

test("without a selector everything is meant", (t) => {
  const { hall } = begin(t);
  for (const key of ["b", "a/b", "a"]) hall.put(key, key);
  assert.deepEqual(hall.keys(), ["a", "a/b", "b"]);
  assert.equal(hall.toMap().size, 3);
  assert.equal(hall.changes(0).changes.length, 3);
  assert.equal(hall.clear(), 3);
  assert.deepEqual(hall.keys(), []);
});

test("an update whose function throws changes nothing and keeps the cause", (t) => {
  const { hall } = begin(t);
  hall.put("a", 1);
  const told = [];
  hall.watch("**", (change) => told.push(change));
  const cause = new RangeError("no");
  const error = refused("callback-failed", () =>
    hall.update("a", 0, () => {
      throw cause;
    }),
  );
  assert.equal(error.cause, cause);
  assert.deepEqual([hall.get("a"), hall.revision, told], [1, 1, []]);
});

test("an update whose function writes the key itself is a conflict", (t) => {
  const { hall } = begin(t);
  const meddlers = {
    put: () => hall.put("a", 5),
    delete: () => hall.delete("a"),
    clear: () => hall.clear(),
    "put and put back": () => hall.put("a", 5) && hall.put("a", 1),
    update: () => hall.update("a", 0, (n) => n + 1),
  };
  for (const [name, meddle] of Object.entries(meddlers)) {
    hall.put("a", 1);
    const returnThree = () => {
      meddle();
      return 3;
    };
    refused("conflict", () => hall.update("a", 0, returnThree), /"a"/);
    assert.notEqual(hall.get("a"), 3, name);
  }
});

test("an update must return a value, at once", (t) => {
  const { hall } = begin(t);
  hall.put("a", 1);
  refused("invalid-value", () => hall.update("a", 0, async (n) => n + 1), /Promise: use what it resolves to/);
  refused("invalid-value", () => hall.update("a", 0, () => {}), /undefined/);
  assert.equal(hall.get("a"), 1);
});

test("an update whose function closes the handle is refused", (t) => {
  const { hall } = begin(t);
  const other = hall.as("other");
  refused("closed", () => other.update("a", 0, () => other.close() ?? 1));
  assert.equal(hall.has("a"), false);
});

test("writers and readers at once: nothing is lost", async (t) => {
  const { hall } = begin(t);
  const pause = () => new Promise((resolve) => setImmediate(resolve));
  const numbers = Array.from({ length: 50 }, (_, n) => n);
  await Promise.all(numbers.map(async (n) => pause().then(() => hall.put(`writers/${n}`, n))));
  assert.deepEqual(
    numbers.map((n) => hall.get(`writers/${n}`)),
    numbers,
  );
  const increment = async () => {
    for (let i = 0; i < 100; i++) {
      await null;
      hall.update("count", 0, (n) => n + 1);
    }
  };
  await Promise.all(Array.from({ length: 10 }, increment));
  assert.equal(hall.get("count"), 1_000);
});

test("changes since a revision carry values", (t) => {
  const { hall } = begin(t);
  hall.put("a", { deep: [1] });
  hall.put("b", 1);
  hall.delete("b");
  assert.deepEqual(hall.changes(0), {
    compacted: false,
    revision: 3,
    changes: [
      { key: "a", value: { deep: [1] }, revision: 1, deleted: false },
      { key: "b", value: undefined, revision: 3, deleted: true },
    ],
  });
  assert.equal(hall.changes(0).changes[0].value, hall.get("a"));
});
