/** Snapshots, restoring them, and the state for people. Their behaviour is in `tests/transcripts`; here is what only JavaScript has. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { begin, heard, inherited, refused, stateOf } from "./support/hall.js";

const values = {
  null: null,
  yes: true,
  small: -1,
  large: Number.MAX_SAFE_INTEGER,
  larger: 2n ** 60n,
  fraction: 0.1,
  "not a number": Number.NaN,
  endless: -Infinity,
  text: "é 😀 \u0000",
  bytes: new Uint8Array([0, 255]),
  list: [[], [1, [2]]],
  map: { nested: { bytes: new Uint8Array([1]) } },
  hostile: JSON.parse('{"__proto__": {"a": 1}, "constructor": null}'),
};

function fill(hall) {
  for (const [key, value] of Object.entries(values)) hall.put(key, value, { metadata: { [key]: value } });
  for (const key of inherited) hall.put(key, key);
}

test("every value and name comes back from a snapshot", (t) => {
  const { hall } = begin(t);
  fill(hall);
  const { hall: restored } = begin(t);
  restored.restore(hall.snapshot());
  assert.deepEqual([...restored.toMap()], [...hall.toMap()]);
  assert.deepEqual(restored.keys(), hall.keys());
  for (const [key, value] of Object.entries(values)) {
    assert.deepEqual(restored.entry(key).metadata, { [key]: value });
    if (typeof value === "object" && value !== null && key !== "bytes")
      assert.ok(Object.isFrozen(restored.get(key)), key);
  }
  assert.equal(Object.getPrototypeOf(restored.get("hostile")), Object.prototype);
  assert.equal({}.a, undefined);
  assert.equal(restored.put("map", structuredClone(values.map), { metadata: { map: values.map } }).changed, false);
});

test("the same state gives the same bytes, and taking them changes nothing", (t) => {
  const { hall } = begin(t);
  fill(hall);
  const before = stateOf(hall);
  const first = hall.snapshot();
  assert.deepEqual(stateOf(hall), before);
  assert.deepEqual(hall.snapshot(), first);
  const { hall: restored } = begin(t);
  restored.restore(first);
  assert.deepEqual(restored.snapshot(), first);
  first.fill(0);
  assert.notDeepEqual(hall.snapshot(), first, "the bytes are the caller's");
});

test("restoring tells what it changes, as one commit, and keeps what is newer", (t) => {
  const { hall: old } = begin(t);
  old.put("a", "old");
  old.put("b", "old");
  const { hall, clock } = begin(t);
  clock.elapsed = 1_000;
  hall.put("b", "new");
  const told = [];
  hall.watch("**", (change) => told.push([...heard(change), change.revision, hall.get("a")]));
  hall.restore(old.snapshot());
  assert.deepEqual(told, [["a", undefined, "old", 2, "old"]]);
  assert.equal(hall.get("b"), "new");
  hall.restore(old.snapshot());
  assert.equal(hall.revision, 2);
});

test("bad bytes are refused and change nothing", (t) => {
  const { hall } = begin(t);
  fill(hall);
  const snapshot = hall.snapshot();
  const { hall: target } = begin(t);
  target.put("mine", 1);
  const before = stateOf(target);
  for (let length = 0; length < snapshot.length; length += 1 + (length >> 4)) {
    refused("invalid-snapshot", () => target.restore(snapshot.subarray(0, length)));
  }
  for (let at = 0; at < snapshot.length; at += 1 + (at >> 4)) {
    const damaged = snapshot.slice();
    damaged[at] ^= 0x55;
    refused("invalid-snapshot", () => target.restore(damaged));
  }
  refused("invalid-snapshot", () => target.restore(new Uint8Array([...snapshot, 0])));
  for (const nonsense of [undefined, null, "text", {}, [], snapshot.buffer, new Uint16Array(4)]) {
    refused("invalid-argument", () => target.restore(nonsense));
  }
  assert.deepEqual(stateOf(target), before);
});

test("a snapshot beyond the limits is refused and changes nothing", (t) => {
  const { hall } = begin(t);
  fill(hall);
  const { hall: small } = begin(t, { limits: { entries: 2 } });
  const before = stateOf(small);
  refused("limit", () => small.restore(hall.snapshot()), /entries/);
  assert.deepEqual(stateOf(small), before);
});

test("a Buffer is as good as the bytes that it is", (t) => {
  const { hall } = begin(t);
  hall.put("a", 1);
  const { hall: restored } = begin(t);
  restored.restore(Buffer.from(hall.snapshot()));
  assert.equal(restored.get("a"), 1);
});

test("the state for people is JSON, with every name and in key order", (t) => {
  const { hall } = begin(t);
  assert.equal(hall.export(), "{}");
  fill(hall);
  const text = hall.export();
  const names = [...text.matchAll(/^ {2}("(?:[^"\\]|\\.)*"):/gm)].map(([, name]) => JSON.parse(name));
  assert.deepEqual(names, hall.keys());
  const parsed = JSON.parse(text);
  assert.equal(parsed["not a number"], "NaN");
  assert.equal(parsed.endless, "-Infinity");
  assert.equal(parsed.bytes, "AP8=");
  assert.equal(parsed.text, values.text);
  assert.match(text, /"larger": 1152921504606846976,/);
  assert.ok(Object.hasOwn(parsed, "__proto__") && Object.hasOwn(parsed.hostile, "__proto__"));
  assert.equal(hall.export("li*"), "{}");
  assert.equal(hall.export({ keys: ["list"] }), '{\n  "list": [[], [1, [2]]]\n}');
});

test("a member called toJSON is a member", (t) => {
  const { hall } = begin(t);
  hall.put("a", { toJSON: "text" });
  assert.deepEqual(JSON.parse(hall.export()), { a: { toJSON: "text" } });
});

test("a large byte array can be exported", (t) => {
  const { hall } = begin(t);
  const bytes = new Uint8Array(500_000).fill(7);
  hall.put("a", bytes);
  assert.equal(JSON.parse(hall.export()).a, Buffer.from(bytes).toString("base64"));
});
