/** Variables: what a declared key holds, what its variable shows, and what it refuses. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { StatehallError } from "statehall";
import { begin, refused, stateOf } from "../support/hall.js";
import { Network } from "../support/network.js";

const temperature = { type: "float", value: 0.7, min: 0, max: 2 };

test("a variable shows its default, takes what fits and is reset", (t) => {
  const { hall } = begin(t);
  const variable = hall.variable("temperature", temperature);
  assert.deepEqual(
    [variable.key, variable.value, variable.isSet, hall.get("temperature")],
    ["temperature", 0.7, false, undefined],
  );
  assert.deepEqual(hall.keys(), [], "a default is no write");
  assert.deepEqual(variable.set(0.9), { revision: 1, changed: true, conflict: false });
  assert.deepEqual(variable.set(0.9), { revision: 1, changed: false, conflict: false });
  assert.equal(
    variable.update((value) => value + 1),
    1.9,
  );
  refused("constraint-violation", () => variable.update((value) => value + 1), /above maximum 2/);
  refused("constraint-violation", () => hall.put("temperature", -1), /below minimum 0/);
  refused("constraint-violation", () => hall.update("temperature", 0, () => "hot"), /must be a number/);
  assert.equal(variable.value, 1.9);
  assert.equal(variable.set("Infinity").changed, true);
  assert.equal(hall.get("temperature"), Infinity);
  assert.equal(variable.reset().changed, true);
  assert.deepEqual([variable.value, variable.isSet], [0.7, false]);
  assert.equal(Object.is(variable.set(-0) && variable.value, 0), true, "-0 is stored as 0");
  const bare = hall.variable(["a", "b"], { type: "text" });
  assert.deepEqual([bare.key, bare.value, bare.get("none")], ["a/b", undefined, "none"]);
});

test("each type takes what it should, as a put and in a batch", (t) => {
  const { hall } = begin(t);
  for (const [declaration, good, bad] of [
    [{ type: "float", min: 0.5, max: 2 }, [[1], [0.5], [NaN], ["NaN", NaN]], [0, 2.5, "1", true, null]],
    [{ type: "integer", min: -1, max: 2n ** 60n }, [[-1], [2n ** 59n]], [1.5, -2, "1", 2n ** 61n]],
    [
      { type: "text", minLength: 2, maxLength: 3 },
      [["ab"], ["\u{1f600}\u{1f600}\u{1f600}"]],
      ["a", "\u{1f600}", "abcd", 5, null],
    ],
    [{ type: "text", enum: ["a", "b"] }, [["a"]], ["c", 1]],
    [{ type: "text", pattern: "^a+$" }, [["aa"]], ["ab", 1]],
    [{ type: "boolean" }, [[true], ["false", false], [1, true]], [2, "TRUE", null]],
    [{ type: "choice", choices: ["calm", "busy"] }, [["calm"]], ["toString", "__proto__", 1]],
    [{ type: "embedding", dimensions: 2 }, [[[1, 2.5]]], [[1], [1, "2"], [1, NaN], "ab"]],
    [{ type: "tensor" }, [[{ shape: [2], data: [1, 2] }]], [{ shape: [2], data: [1] }, [1]]],
    [{ type: "bytes", maxLength: 2 }, [[new Uint8Array([1, 2])]], [new Uint8Array(3), "ab", [1]]],
    [{ type: "list", minLength: 1 }, [[[1, "a"]]], [[], {}, "a"]],
    [{ type: "map" }, [[{ a: 1 }]], [[], 1, null, new Uint8Array(1)]],
    [{ type: "any" }, [[null], [[{}]], [2n ** 62n]], []],
    [{ type: "float", maxDelta: 1, monotonic: "increasing" }, [[1], [2]], [1, 4]],
    [{ type: "integer", immutable: true }, [[1]], [2]],
  ]) {
    for (const put of [(value) => hall.put("k", value), (value) => hall.batch(() => hall.put("k", value))]) {
      hall.variable("k", declaration);
      const told = [];
      const stop = hall.watch("k", ({ value }) => told.push(value));
      for (const [given, stored = given] of good) {
        put(given);
        assert.deepEqual(hall.get("k"), stored);
        assert.deepEqual(told.at(-1), stored);
        assert.deepEqual(hall.entry("k").value, stored);
      }
      const before = stateOf(hall);
      for (const value of bad) refused("constraint-violation", () => put(value));
      assert.deepEqual(stateOf(hall), before);
      stop();
      hall.delete("k");
      assert.equal(hall.undeclare("k"), true);
    }
  }
  assert.equal(hall.put("k", "anything").changed, true, "nothing is judged any more");
  assert.equal(hall.undeclare("k"), false);
});

test("a refused value is left as it was", (t) => {
  const { hall } = begin(t);
  const variable = hall.variable("k", { type: "list", maxLength: 1 });
  const list = [1, { a: 1 }];
  refused("constraint-violation", () => variable.set(list));
  assert.equal(Object.isFrozen(list) || Object.isFrozen(list[1]), false);
  refused("invalid-value", () => variable.set([new Date()]));
  refused("limit", () => variable.set("x".repeat(5e6)));
});

test("metadata join, the entry's over the declared", (t) => {
  const { hall } = begin(t);
  const variable = hall.variable("k", { type: "integer", metadata: { unit: "K", by: "declared" } });
  assert.deepEqual(variable.metadata, { unit: "K", by: "declared" });
  variable.set(1, { metadata: { by: "ann" } });
  variable.set(2, { metadata: { why: "x" } });
  variable.set(3);
  variable.update((value) => value + 1);
  assert.deepEqual(hall.entry("k").metadata, { by: "ann", why: "x" });
  assert.deepEqual(variable.metadata, { unit: "K", by: "ann", why: "x" });
  const { revision } = hall;
  assert.equal(variable.set(9, { expect: 1 }).conflict, true);
  refused("invalid-argument", () => variable.set(1, { expects: 1 }), /no option/);
  refused("invalid-value", () => variable.set(1, { metadata: "why" }));
  assert.equal(hall.revision, revision);
});

test("a time to live ends in the default", async (t) => {
  const { hall, clock } = begin(t);
  const variable = hall.variable("k", { type: "integer", value: 7 });
  variable.set(1, { ttl: 100 });
  assert.equal(variable.value, 1);
  await clock.advance(100);
  assert.deepEqual([variable.value, variable.isSet], [7, false]);
});

test("declarations: once, listed, in their one form, by the default if no type is given", (t) => {
  const { hall } = begin(t);
  const given = { value: 1.5, max: 2 };
  const variable = hall.variable("b", given);
  assert.deepEqual(variable.declaration, { type: "float", value: 1.5, max: 2 });
  assert.equal(Object.isFrozen(given), false);
  hall.variable("b", { max: 2, value: 1.5, type: "float" }).set(1);
  refused("declaration-conflict", () => hall.variable("b", { type: "float" }));
  hall.variable("a", { type: "string" });
  assert.deepEqual(
    hall.variables().map(({ key }) => key),
    ["a", "b"],
  );
  assert.deepEqual(
    hall.variables({ keys: ["b", "c"] }).map(({ value }) => value),
    [1],
  );
  refused("invalid-selector", () => hall.variables("**/a"));
  const failed = new Error("undone");
  assert.throws(
    () =>
      hall.batch(() => {
        hall.put("c", 1);
        hall.variable("c", { type: "integer" });
        throw failed;
      }),
    failed,
  );
  refused("constraint-violation", () => hall.put("c", "a"), /integer/);
});

test("many are set, and what is refused is said", (t) => {
  const { hall } = begin(t);
  const [a, b] = ["a", "b"].map((key) => hall.variable(key, { type: "integer", max: 5 }));
  const codes = (refused) => [...refused].map(([key, { code }]) => [key, code]);
  assert.deepEqual(codes(hall.setMany({ a: 1, b: 9, c: 1 })), [
    ["b", "constraint-violation"],
    ["c", "invalid-argument"],
  ]);
  assert.deepEqual([a.value, b.value], [1, undefined]);
  assert.equal(hall.setMany(new Map([["a", 2]])).size, 0);
  assert.deepEqual(
    codes(
      hall.setMany([
        [["b"], 3],
        ["a//b", 1],
      ]),
    ),
    [["a//b", "invalid-key"]],
  );
  assert.deepEqual([a.value, b.value], [2, 3]);
  for (const wrong of [undefined, 5, "ab", [["a"]], [1]]) refused("invalid-argument", () => hall.setMany(wrong));
});

test("watchers hear what the variable shows", async (t) => {
  const { hall } = begin(t, { agent: "ann" });
  const variable = hall.variable("t", temperature);
  const told = [];
  const note = ({ old, value, initial, deleted, revision }) => told.push([old, value, initial, deleted, revision]);
  const stop = variable.watch(note, { initial: true, filter: ({ value }) => value !== 1 });
  variable.set(1);
  variable.set(1.5);
  variable.reset();
  stop();
  assert.deepEqual(told, [
    [undefined, 0.7, true, false, 0],
    [1, 1.5, false, false, 2],
    [1.5, 0.7, false, true, 3],
  ]);
  told.length = 0;
  variable.watch(note, { filter: { delta: 0.1 } });
  for (const value of [0.71, 0.75, 0.9]) variable.set(value);
  assert.deepEqual(
    told.map(([old, value]) => [old, value]),
    [[0.75, 0.9]],
  );
  const seen = [];
  for await (const { value, initial } of variable.watch({ initial: true })) {
    seen.push([value, initial]);
    if (seen.length === 1) variable.set(2);
    else break;
  }
  assert.deepEqual(seen, [
    [0.9, true],
    [2, false],
  ]);
  variable.reset();
  const unset = variable.watch({ initial: true });
  assert.equal(unset.take().value, 0.7);
  unset.stop();
  refused("invalid-argument", () => variable.watch(() => {}, { capacity: 5 }));
  refused("invalid-argument", () => variable.watch(() => {}, { initially: true }));
  refused("invalid-argument", () => variable.watch(5, {}));
});

test("what another session writes is there, and not shown if it does not fit", async (t) => {
  const network = new Network();
  const a = begin(t, { share: [network.adapter("a")] });
  const b = begin(t, { share: [network.adapter("b")], agent: "bob" });
  const settle = async () => {
    for (let i = 0; i < 20; i++) {
      await network.exchange();
      await Promise.all([a, b].map(({ clock }) => clock.advance(100)));
    }
  };
  await settle();
  const mood = a.hall.variable("mood", { type: "choice", choices: ["calm", "busy"], value: "calm" });
  await settle();
  assert.deepEqual(b.hall.keys(), [], "a declaration and a default are told to nobody");
  const told = [];
  mood.watch(({ old, value, violation, origin }) => told.push([old, value, violation?.code, origin]));
  b.hall.put("mood", "bored");
  await settle();
  assert.deepEqual([a.hall.get("mood"), mood.value, mood.isSet], ["bored", "calm", true]);
  assert.ok(mood.violation instanceof StatehallError);
  assert.match(mood.violation.detail, /must be one of: calm, busy/);
  b.hall.put("mood", "busy");
  await settle();
  assert.deepEqual([mood.value, mood.violation], ["busy", undefined]);
  assert.deepEqual(told, [
    ["calm", "calm", "constraint-violation", "bob"],
    ["calm", "busy", undefined, "bob"],
  ]);
  // It binds nobody: there was nothing that could be shown.
  const fixed = a.hall.variable("fixed", { type: "integer", immutable: true });
  b.hall.put("fixed", "text");
  await settle();
  fixed.set(5);
  refused("constraint-violation", () => fixed.set(6));
});

test("nonsense declares nothing", (t) => {
  const { hall } = begin(t);
  class Custom {
    type = "float";
  }
  const before = stateOf(hall);
  const getter = {
    get type() {
      return "float";
    },
  };
  const trap = () => {
    throw new Error("thrown by a proxy");
  };
  for (const declaration of [
    undefined,
    null,
    5,
    "float",
    Symbol("s"),
    () => {},
    [],
    {},
    new Uint8Array(2),
    new Date(),
    new Custom(),
    getter,
    Object.create({ type: "float" }),
    new Proxy({}, { ownKeys: trap, getPrototypeOf: trap }),
    { type: "float", maximum: 1 },
    { type: "float", max: "1" },
    { type: "float", value: "hot" },
    { type: "toString" },
    { type: "text", pattern: "(" },
    { type: "choice", choices: [] },
    { type: "choice", choices: [1] },
    { type: "float", [Symbol("s")]: 1 },
    { type: "any", constructor: 1 },
    { type: ["float"] },
  ]) {
    refused("invalid-declaration", () => hall.variable("k", declaration));
  }
  for (const key of ["", "a//b", 5, null, undefined, [], "\ud800"])
    refused("invalid-key", () => hall.variable(key, { type: "any" }));
  assert.deepEqual(hall.variables(), []);
  const { hall: full } = begin(t, { limits: { entries: 1 } });
  full.variable("k", { type: "any" });
  refused("limit", () => full.variable("other", { type: "any" }));
  assert.deepEqual(stateOf(hall), before);
  hall.close();
  refused("closed", () => hall.variable("k", { type: "any" }));
});

test("a variable outlives a trap, its own undeclaring, and not its handle", (t) => {
  const { hall } = begin(t);
  const variable = hall.variable("k", { type: "integer", max: 5, value: 1 });
  const near = hall.variable("near", { type: "integer", maxDelta: 1 });
  variable.set(2);
  near.set(2);
  hall.session_.core.select = () => {
    throw new WebAssembly.RuntimeError("unreachable");
  };
  refused("poisoned", () => hall.keys());
  assert.deepEqual([variable.value, near.value], [2, 2]);
  refused("constraint-violation", () => variable.set(6));
  refused("constraint-violation", () => hall.put("near", 4), /change by at most 1/);
  variable.set(3);
  assert.deepEqual(
    hall.variables().map(({ value }) => value),
    [3, 2],
  );
  hall.undeclare("k");
  variable.set("no more judged");
  assert.equal(hall.get("k"), "no more judged");
  hall.close();
  refused("closed", () => variable.value);
  refused("closed", () => variable.set(1));
});
