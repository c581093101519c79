/** Patches: the cases of `tests/fixtures/patches.txt` and `patched.txt`, which `tests/patch.rs` runs too. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { StatehallError } from "statehall";
import { Inapplicable, patched } from "../../dist/strict/patch.js";
import { admit, weigh } from "../../dist/value.js";
import { begin } from "../support/hall.js";
import { read, write } from "../support/notation.js";

const limits = { valueBytes: 200, metadataBytes: 200, valueDepth: 64 };
/** Patches may be larger than documents. */
const wide = { ...limits, valueBytes: 10_000 };

function outcomeOf(target, patch) {
  try {
    const made = patched(target, patch, limits);
    if (made instanceof Inapplicable) return `inapplicable ${made.operation} ${write(made.path)} ${made.problem}`;
    assert.equal(made.size, weigh(read(write(made.value))).size);
    assert.ok(frozen(made.value));
    return write(made.value);
  } catch (error) {
    if (!(error instanceof StatehallError)) throw error;
    return `error ${error.code} ${error.detail}`;
  }
}

function frozen(value) {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return true;
  return Object.isFrozen(value) && Object.values(value).every(frozen);
}

for (const [file, least] of [
  ["patches.txt", 100],
  ["patched.txt", 300],
]) {
  test(`the cases of ${file}`, () => {
    const text = readFileSync(new URL(`../../../tests/fixtures/${file}`, import.meta.url), "utf8");
    const cases = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    assert.ok(cases.length >= least, `only ${cases.length} cases were found`);
    for (const line of cases) {
      const [target, patch, expected] = line.split(" | ");
      const [value, change] = [read(target), read(patch)].map((value) => admit(value, undefined, wide).value);
      const before = write(value);
      const refused = /^(inapplicable|error) /.test(expected);
      assert.equal(outcomeOf(value, change), refused ? expected : write(read(expected)), line);
      assert.equal(write(value), before, `what went in is as it was: ${line}`);
    }
    assert.equal({}.a, undefined);
  });
}

test("only the containers on the way to a change are new", () => {
  const value = admit({ a: { b: [1] }, c: { d: {} } }, undefined, wide).value;
  const { value: made } = patched(value, [{ op: "add", path: "/a/b/-", value: 2 }], limits);
  assert.deepEqual(made, { a: { b: [1, 2] }, c: { d: {} } });
  assert.equal(made.c, value.c);
  assert.equal(patched(value, { a: null }, limits).value.c, value.c);
});

test("a member that is undefined is absent", () => {
  const value = admit({ a: undefined, b: { c: undefined } }, undefined, wide).value;
  const patch = (...operations) => outcomeOf(value, admit(operations, undefined, wide).value);
  assert.equal(patch({ op: "remove", path: "/a" }), 'inapplicable 0 "/a" missing');
  assert.equal(patch({ op: "test", path: "", value: { b: {} } }), '{"b": {}}');
  assert.match(patch({ op: "add", path: "/a", value: undefined }), /has no "value"$/);
  assert.equal(outcomeOf(value, { b: undefined, d: 1 }), '{"b": {}, "d": 1}');
});

test("what is made is nested no deeper than may be", () => {
  const nested = (depth) => (depth === 0 ? 1 : [nested(depth - 1)]);
  const add = (depth, valueDepth) => {
    const value = admit({ a: [] }, undefined, limits).value;
    const patch = [{ op: "add", path: "/a/0", value: admit(nested(depth), undefined, wide).value }];
    return patched(value, patch, { ...limits, valueDepth });
  };
  assert.equal(add(62, 64).size, 67);
  const detail = (depth) => ({ code: "limit", detail: `valueDepth is at most ${depth}, this value is nested deeper` });
  assert.throws(() => add(63, 64), detail(64));
  assert.throws(() => add(3, 4), detail(4));
  const deeper = Array.from({ length: 70 }, () => [
    { op: "move", from: "/a", path: "/b" },
    { op: "add", path: "/a", value: {} },
    { op: "move", from: "/b", path: "/a/a" },
  ]);
  assert.throws(() => patched({ a: 1 }, deeper.flat(), { ...limits, valueBytes: 10_000 }), detail(64));
});

test("bytes of a document are its own, before and after a patch", async (t) => {
  const { hall } = begin(t);
  const context = hall.context("x");
  const bytes = new Uint8Array([1, 2]);
  await context.create({ bytes, list: [bytes] });
  bytes[0] = 9;
  const more = new Uint8Array([3]);
  await context.patch([{ op: "add", path: "/list/-", value: more }]);
  more[0] = 9;
  const expected = { bytes: new Uint8Array([1, 2]), list: [new Uint8Array([1, 2]), new Uint8Array([3])] };
  const { data } = await context.get();
  assert.deepEqual(data, expected);
  data.bytes[0] = 9;
  data.list[1][0] = 9;
  assert.deepEqual((await context.get()).data, expected);
});

test("a document that is held, released and refused stays the same", async (t) => {
  const { hall } = begin(t);
  const context = hall.context("x");
  const others = Array.from({ length: 3 }, (_, n) => hall.context(`other/${n}`));
  await Promise.all([context.create({ n: 1 }), ...others.map((other, n) => other.create(n))]);
  const lease = await context.acquire();
  // Decided together: each hears of the document as it was when it was its turn.
  const [lost, made, conflict] = await Promise.all([
    context.replace({ n: 9 }, { expect: 1 }),
    context.replace({ n: 2 }, { lease }),
    context.replace({ n: 3 }, { lease, expect: 1 }),
  ]);
  assert.deepEqual([lost.reason, made.version, conflict.value], ["held", 2, { n: 2 }]);
  await lease.release();
  assert.deepEqual((await context.get()).data, { n: 2 });
  assert.deepEqual(await context.create(4), { committed: false, reason: "exists", version: 2, value: { n: 2 } });
  await context.delete();
  assert.equal(await context.get(), undefined);
  await context.create({ n: 5 });
  assert.deepEqual(await context.patch({ n: 6 }), { committed: true, version: 5 });
  const documents = (await hall.contexts()).map(({ id, data }) => [id, data]);
  assert.deepEqual(documents, [
    ["other/0", 0],
    ["other/1", 1],
    ["other/2", 2],
    ["x", { n: 6 }],
  ]);
});
