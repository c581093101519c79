/** Variables carried from one session to another: whole or not at all. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { exportVariables, importVariables } from "statehall/variables";
import { begin, refused, stateOf } from "../support/hall.js";

const temperature = { type: "float", value: 0.7, min: 0, max: 2 };

/** Everything that a refused import must leave alone. */
function picture(hall) {
  const { variables, entries, bytes } = hall.usage();
  return [stateOf(hall), exportVariables(hall), variables, entries, bytes, hall.snapshot()];
}

test("what one session exports another imports, through JSON if it likes", (t) => {
  const { hall } = begin(t);
  const { hall: other } = begin(t);
  hall.variable("temperature", temperature).set(1.5, { metadata: { by: "ann" } });
  hall.variable("mood", { type: "choice", choices: ["calm", "busy"] });
  hall.variable("__proto__", { type: "bytes" }).set(new Uint8Array([1, 2]));
  hall.put("plain", 1);
  const exported = exportVariables(hall);
  assert.equal(exported.session, hall.session);
  assert.deepEqual(Object.entries(exported.variables), [
    ["__proto__", { declaration: { type: "bytes" }, value: new Uint8Array([1, 2]) }],
    ["mood", { declaration: { type: "choice", choices: ["calm", "busy"] } }],
    ["temperature", { declaration: temperature, value: 1.5, metadata: { by: "ann" } }],
  ]);
  importVariables(other, exported);
  assert.deepEqual(exportVariables(other).variables, exported.variables);
  assert.deepEqual(other.keys(), ["__proto__", "temperature"]);
  hall.undeclare("__proto__");
  importVariables(other, JSON.parse(JSON.stringify(exportVariables(hall))));
  assert.deepEqual(exportVariables(other).variables, exportVariables(hall).variables);
  assert.deepEqual(other.keys(), ["temperature"], "the bytes are gone with their variable");
});

test("what is lacking is named, and nothing has changed", (t) => {
  const { hall } = begin(t);
  hall.variable("k", { type: "integer", max: 5 }).set(1, { metadata: { by: "ann" } });
  const before = picture(hall);
  const session = "00";
  for (const [exported, detail] of [
    [{}, /^the export: lacks session, variables$/],
    [{ session }, /^the export: lacks variables$/],
    [{ variables: {} }, /^the export: lacks session$/],
    [{ session, variables: { a: {} } }, /^"a": a variable: lacks declaration$/],
    [{ session, variables: {}, stats: {} }, /^the export: has no member "stats"$/],
    [{ session, variables: [] }, /^variables: is not a map$/],
    [{ session: 5, variables: {} }, /well-formed text/],
    [[], /is not a map/],
    [5, /is not a map/],
    [null, /is not a map/],
    [new Uint8Array(2), /is not a map/],
  ]) {
    refused("invalid-argument", () => importVariables(hall, exported), detail);
  }
  const trap = () => {
    throw new Error("thrown by a proxy");
  };
  for (const exported of [
    undefined,
    () => {},
    Symbol("s"),
    new Date(),
    new Map(),
    new Proxy({}, { ownKeys: trap }),
    new Proxy({ session, variables: {} }, {}),
    { session, variables: { a: { declaration: { type: "any" }, value: new Date() } } },
    { session, variables: { a: { declaration: { type: "any" }, metadata: {} } } },
    { session, variables: { a: { declaration: { type: "any" }, value: 1, metadata: 5 } } },
    { session, variables: { a: { declaration: { type: "any" }, value: 1, metadata: [] } } },
  ]) {
    refused("invalid-value", () => importVariables(hall, exported));
  }
  const any = { declaration: { type: "any" }, value: 1 };
  for (const [code, a, key = "a"] of [
    ["invalid-declaration", { declaration: { type: "double" } }],
    ["invalid-declaration", { declaration: 5 }],
    ["constraint-violation", { declaration: { type: "float", max: 2 }, value: 3 }],
    ["invalid-key", any, "a//b"],
    ["invalid-key", any, ""],
    ["invalid-key", any, "*"],
    ["limit", any, "k".repeat(2_000)],
    ["limit", { declaration: { type: "any" }, value: "x".repeat(2 ** 20) }],
  ]) {
    const fine = { declaration: { type: "list" }, value: [1] };
    const exported = { session, variables: { fine, k: any, [key]: a } };
    refused(
      code,
      () => importVariables(hall, exported),
      new RegExp(`^${JSON.stringify(key).replaceAll("*", "\\*")}: `),
    );
    assert.equal(Object.isFrozen(fine.value), false, "what is refused is left as it was");
  }
  assert.deepEqual(picture(hall), before);
  refused("constraint-violation", () => hall.put("k", 6));
});

test("an import is one commit, told once, and in no batch", (t) => {
  const { hall } = begin(t);
  const { hall: other } = begin(t);
  for (const key of ["a", "b", "c"]) hall.variable(key, { type: "any" }).set(key, { metadata: { key } });
  const exported = exportVariables(hall);
  const told = [];
  other.watch("**", ({ key, value, revision }) => told.push([key, value, revision]));
  refused("invalid-argument", () => other.batch(() => importVariables(other, exported)), /outside of batches/);
  importVariables(other, exported);
  importVariables(other, exported);
  assert.deepEqual(told, [
    ["a", "a", 1],
    ["b", "b", 1],
    ["c", "c", 1],
  ]);
  for (const none of [undefined, null, 5, "hall", {}, { session_: {} }]) {
    refused("invalid-argument", () => exportVariables(none), /the hall/);
    refused("invalid-argument", () => importVariables(none, exported), /the hall/);
  }
  hall.close();
  refused("closed", () => exportVariables(hall));
  refused("closed", () => importVariables(hall, exported));
});

test("variables of before go on, after an import and after one that failed", (t) => {
  const { hall } = begin(t);
  const variable = hall.variable("k", { type: "integer", max: 5, value: 1 });
  const gone = hall.variable("gone", { type: "integer" });
  variable.set(2);
  gone.set(3);
  const session = "00";
  const broken = { session, variables: { gone: { declaration: { type: "text" }, value: 5 } } };
  refused("constraint-violation", () => importVariables(hall, broken));
  assert.deepEqual([variable.value, gone.value, hall.usage().variables], [2, 3, 2]);
  refused("constraint-violation", () => variable.set(6));
  refused("constraint-violation", () => gone.set("text"));
  variable.set(4);
  importVariables(hall, { session, variables: { k: { declaration: { type: "integer", max: 5, value: 1 } } } });
  assert.deepEqual([variable.value, variable.isSet, hall.has("gone"), hall.usage().variables], [1, false, false, 1]);
  refused("constraint-violation", () => variable.set(6));
  gone.set("nobody judges it any more");
  importVariables(hall, { session, variables: { k: { declaration: { type: "integer", max: 9 }, value: 7 } } });
  assert.deepEqual([hall.get("k"), hall.get("gone")], [7, "nobody judges it any more"]);
  variable.set(8);
  hall.session_.core.select = () => {
    throw new WebAssembly.RuntimeError("unreachable");
  };
  refused("poisoned", () => hall.keys());
  refused("constraint-violation", () => hall.put("k", 10));
  assert.equal(hall.get("k"), 8);
});

test("an update gives its function null where null is stored", (t) => {
  const { hall } = begin(t);
  hall.put("k", null);
  const given = [];
  hall.update("k", 5, (value) => given.push(value));
  hall.update("absent", 5, (value) => given.push(value));
  assert.deepEqual(given, [null, 5]);
});
