/** Keys as segments, and back. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { keyText, segments } from "../dist/key.js";

test("text is a key as it is", () => {
  for (const text of ["a", "a/b", "a/b~1c", "", "__proto__"]) assert.equal(keyText(text), text);
});

test("segments are joined, and what separates them is escaped", () => {
  assert.equal(keyText(["a"]), "a");
  assert.equal(keyText(["agents", "a/b", "status"]), "agents/a~1b/status");
  assert.equal(keyText(["~1", "~", "/"]), "~01/~0/~1");
  assert.notEqual(keyText(["a", "b/c"]), keyText(["a/b", "c"]));
});

test("segments come back", () => {
  for (const key of [
    ["a"],
    ["a", "b"],
    ["a/b", "c"],
    ["~1", "~0", "~~//"],
    [""],
    ["", ""],
    ["constructor", "\u{10000}"],
  ]) {
    assert.deepEqual(segments(keyText(key)), key);
  }
});

test("anything else is refused, and the error says what it was", () => {
  const refused = [
    [undefined, /undefined/],
    [null, /null/],
    [7, /number/],
    [{ keys: ["a"] }, /object/],
    [Symbol("s"), /symbol/],
    [[], /an empty array/],
    [["a", 7], /item 1 is of type number/],
    [new Array(1), /item 0 is of type undefined/],
    [[["a"]], /item 0 is of type object/],
  ];
  for (const [key, detail] of refused) {
    assert.throws(() => keyText(key), { name: "StatehallError", code: "invalid-key", detail });
  }
});
