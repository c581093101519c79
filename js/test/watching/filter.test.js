/** Filters as data: the cases of `tests/fixtures/filters.txt`, which `tests/filters.rs` runs too, and what is refused. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { begin, refused, stateOf } from "../support/hall.js";
import { read, words } from "../support/notation.js";

const fixture = new URL("../../../tests/fixtures/filters.txt", import.meta.url);
const cases = readFileSync(fixture, "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"));

const value = (word) => (word === "absent" ? undefined : read(word));

function filterOf(text) {
  const pairs = words(text).map((word) => /^(\w+)=(.*)$/.exec(word).slice(1));
  return Object.fromEntries(
    pairs.map(([name, given]) => [name, /^[a-z]+$/.test(given) && given !== "null" ? given : read(given)]),
  );
}

function set(hall, value) {
  return value === undefined ? hall.delete("key") : hall.put("key", value);
}

test("the cases of the fixture, called and read", (t) => {
  assert.ok(cases.length > 25, `only ${cases.length} cases were found`);
  for (const text of cases) {
    const { hall } = begin(t);
    const [conditions, puts, expected] = text.split(" | ");
    const filter = filterOf(conditions);
    const told = [];
    hall.watch("key", ({ value }) => told.push(value), { filter });
    const reader = hall.watch("key", { filter });
    for (const word of words(puts)) set(hall, value(word));
    const read = [];
    for (let change = reader.take(); change; change = reader.take()) read.push(change.value);
    const all = words(expected)
      .filter((word) => word !== "-")
      .map(value);
    assert.deepEqual(told, all, text);
    assert.deepEqual(read, all, text);
  }
});

test("X42 the value before is the previous one, not the last delivered", (t) => {
  const { hall } = begin(t);
  const told = [];
  hall.put("a", 20);
  hall.watch("a", ({ old, value }) => told.push([old, value]), { filter: { delta: 1 } });
  hall.put("a", 20.5);
  hall.put("a", 22);
  assert.deepEqual(told, [[20.5, 22]]);
});

test("X55 a thousand small steps: none against the previous, a hundred against what was delivered", (t) => {
  const { hall } = begin(t);
  const counts = { previous: 0, delivered: 0 };
  hall.put("a", 0);
  for (const against of Object.keys(counts))
    hall.watch("a", () => counts[against]++, { filter: { delta: 10, against } });
  for (let n = 1; n <= 1_000; n++) hall.put("a", n);
  assert.deepEqual(counts, { previous: 0, delivered: 100 });
});

test("initial values are asked about with nothing before them", (t) => {
  const { hall } = begin(t);
  hall.put("a", 20);
  const told = [];
  for (const filter of [
    { delta: 5 },
    { crosses: 30 },
    { kind: "created" },
    { becomes: [20] },
    { kind: "changed" },
    { equals: 21 },
  ])
    hall.watch("a", ({ old, value, initial }) => told.push([Object.keys(filter)[0], old, value, initial]), {
      filter,
      initial: true,
    });
  assert.deepEqual(
    told,
    ["delta", "crosses", "kind", "becomes"].map((name) => [name, undefined, 20, true]),
  );
});

test("each key is compared with what was delivered of it", (t) => {
  const { hall } = begin(t);
  const told = [];
  hall.watch("*", ({ key, value }) => told.push([key, value]), { filter: { delta: 10, against: "delivered" } });
  for (const n of [0, 6, 12]) for (const key of ["a", "b"]) hall.put(key, n);
  assert.deepEqual(told, [
    ["a", 0],
    ["b", 0],
    ["a", 12],
    ["b", 12],
  ]);
});

test("a filter is what it was when the watch was opened", (t) => {
  const { hall } = begin(t);
  const told = [];
  const filter = { becomes: [1] };
  hall.watch("a", ({ value }) => told.push(value), { filter });
  assert.throws(() => hall.watch("a", () => {}, { filter: { equals: () => {} } }), { code: "invalid-value" });
  filter.becomes = [2];
  for (const n of [2, 1]) hall.put("a", n);
  assert.deepEqual(told, [1]);
});

test("nonsense is refused, and the detail says what is allowed", (t) => {
  const { hall } = begin(t);
  const before = stateOf(hall);
  const wrong = [
    [{}, /delta, crosses, equals, becomes and kind/],
    [{ against: "delivered" }, /delta, crosses, equals, becomes and kind/],
    [{ equals: undefined }, /delta, crosses, equals, becomes and kind/],
    [{ bigger: 1 }, /"bigger"; the options are delta, crosses, equals, becomes, kind, against/],
    [{ delta: 0 }, /"delta" is a number above 0, not 0/],
    [{ delta: -1 }, /a number above 0/],
    [{ delta: Number.NaN }, /a number above 0/],
    [{ delta: "1" }, /a number above 0/],
    [{ crosses: Infinity }, /a finite number/],
    [{ becomes: [] }, /a list of values/],
    [{ becomes: 1 }, /a list of values/],
    [{ kind: "gone" }, /"created" or "changed" or "set" or "deleted"/],
    [{ delta: 1, against: "last" }, /"previous" or "delivered"/],
    [[], /a function or an object/],
    [1, /a function or an object/],
    [null, /a function or an object/],
  ];
  for (const [filter, detail] of wrong) {
    refused("invalid-argument", () => hall.watch("a", () => {}, { filter }), detail);
    refused("invalid-argument", () => hall.watch("a", { filter }), detail);
  }
  refused("invalid-value", () => hall.watch("a", { filter: { becomes: [1, new Date()] } }));
  assert.deepEqual(stateOf(hall), before);
});
