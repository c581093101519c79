/** Contexts of a hall that is not shared. The cases W01 to W19 are those of the specification, without its defects. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { openHall, StatehallError } from "statehall";
import { START, turn } from "../support/clock.js";
import { begin, inherited } from "../support/hall.js";
import { Network } from "../support/network.js";

const done = (version) => ({ committed: true, version });
const not = (reason, more) => ({ committed: false, reason, ...more });
const rejects = (code, promise) =>
  assert.rejects(promise, (error) => error instanceof StatehallError && error.code === code);

test("W01 W02 W03: a context is created once, at version 1", async (t) => {
  const { hall } = begin(t);
  const context = hall.context("x");
  assert.equal(await context.get(), undefined);
  assert.deepEqual(await context.create({ a: 1 }), done(1));
  const time = new Date(START).toISOString();
  const record = { id: "x", version: 1, data: { a: 1 }, lockedBy: undefined, createdAt: time, updatedAt: time };
  assert.deepEqual(await context.get(), record);
  assert.deepEqual(await context.create({ b: 2 }), not("exists", { version: 1, value: { a: 1 } }));
  assert.deepEqual(await context.get(), record);
});

test("W04 W08: each replace makes the next version, and replaces everything", async (t) => {
  const { hall, clock } = begin(t);
  const context = hall.context("x");
  await context.create({ a: 1, b: 2 });
  await clock.advance(10);
  for (const expect of [1, 2, 3]) assert.deepEqual(await context.replace({ c: expect }, { expect }), done(expect + 1));
  const { data, createdAt, updatedAt } = await context.get();
  assert.deepEqual(data, { c: 3 });
  assert.equal(Date.parse(updatedAt) - Date.parse(createdAt), 10);
});

test("W05 W06 W14: whoever has read an old version is told what there is now", async (t) => {
  const { hall } = begin(t);
  const [a, b] = [hall.as("A").context("x"), hall.as("B").context("x")];
  assert.deepEqual(await a.replace(1, { expect: 1 }), not("missing"));
  await a.create({ by: "nobody" });
  const { version: expect } = await b.get();
  assert.deepEqual(await a.replace({ by: "A" }, { expect }), done(2));
  const conflict = await b.replace({ by: "B" }, { expect });
  assert.deepEqual(conflict, not("conflict", { version: 2, value: { by: "A" } }));
  assert.deepEqual(await b.replace({ by: "B" }, { expect: conflict.version }), done(3));
});

test("W09 W10 W15: locks", async (t) => {
  const { hall } = begin(t);
  const context = hall.context("x");
  assert.deepEqual([await context.lock("A"), await context.unlock("A")], [undefined, undefined]);
  await context.create(1);
  assert.deepEqual([await context.lock("A"), await context.lock("A"), await context.lock("B")], [true, true, false]);
  assert.equal((await context.get()).lockedBy, "A");
  const refused = await context.replace(2, { expect: 1 });
  assert.deepEqual([refused.reason, refused.holder.owner, refused.holder.deadline], ["held", "A", undefined]);
  assert.deepEqual(
    [await context.unlock("B"), await context.unlock("A"), await context.unlock("A")],
    [false, true, false],
  );
  assert.deepEqual(await context.replace(2, { expect: 1 }), done(2));
  await rejects("invalid-argument", context.lock(""));
});

test("W11 W12 W13: delete, list in order of creation, clear", async (t) => {
  const { hall } = begin(t);
  assert.deepEqual(await hall.contexts(), []);
  for (const id of ["c", "a", "b"]) await hall.context(id).create(id);
  assert.deepEqual(
    (await hall.contexts()).map(({ data }) => data),
    ["c", "a", "b"],
  );
  assert.deepEqual(await hall.context("a").delete(), done(2));
  assert.deepEqual(await hall.context("a").delete(), not("missing"));
  assert.deepEqual(
    (await hall.contexts()).map(({ id }) => id),
    ["c", "b"],
  );
  await hall.context("b").lock("A");
  assert.equal(await hall.clearContexts(), 1);
  assert.deepEqual(
    (await hall.contexts()).map(({ id }) => id),
    ["b"],
  );
});

test("W16 W18: what one holds is plain, and never changes the store, nor the store it", async (t) => {
  const { hall } = begin(t);
  const context = hall.context("x");
  const bytes = new Uint8Array([1]);
  await context.create({ nested: { bytes } });
  bytes[0] = 2;
  const record = await context.get();
  record.data.nested.bytes[0] = 3;
  assert.deepEqual((await context.get()).data, { nested: { bytes: new Uint8Array([1]) } });
  assert.throws(() => (record.data.nested.more = 1), TypeError);
  const plain = JSON.parse(JSON.stringify({ ...record, data: null }));
  assert.deepEqual(Object.keys(plain).sort(), ["createdAt", "data", "id", "updatedAt", "version"]);
});

test("W19: what is locked is not deleted, and versions never come again", async (t) => {
  const { hall } = begin(t);
  const context = hall.context("x");
  await context.create("old");
  await context.lock("A");
  assert.equal((await context.delete()).reason, "held");
  await context.unlock("A");
  assert.deepEqual(await context.delete({ expect: 1 }), done(2));
  assert.deepEqual(await context.create("new"), done(3));
  assert.deepEqual(await context.replace("stale", { expect: 1 }), not("conflict", { version: 3, value: "new" }));
});

test("a list is a JSON Patch, anything else a merge patch: all of it, or nothing", async (t) => {
  const { hall } = begin(t);
  const context = hall.context("x");
  assert.deepEqual(await context.patch({ a: 1 }), not("missing"));
  await context.create({ a: 1, list: [1, 2] });
  const patch = [
    { op: "add", path: "/list/-", value: 3 },
    { op: "remove", path: "/a" },
  ];
  assert.deepEqual(await context.patch(patch, { expect: 1 }), done(2));
  const nowhere = not("inapplicable", { operation: 1, path: "/a", problem: "missing" });
  assert.deepEqual(await context.patch(patch), nowhere);
  assert.deepEqual(await context.patch({ list: null, b: { c: 1 } }), done(3));
  assert.deepEqual((await context.get()).data, { b: { c: 1 } });
  assert.deepEqual(await context.patch({}, { expect: 1 }), not("conflict", { version: 3, value: { b: { c: 1 } } }));
  await rejects("invalid-argument", context.patch([{ op: "twist", path: "/b" }]));
  await context.lock("A");
  assert.equal((await context.patch([{ op: "remove", path: "/nowhere" }])).reason, "held");
});

test("patches of many at once lose no update", async (t) => {
  const { hall } = begin(t);
  const context = hall.context("x");
  await context.create({});
  const all = await Promise.all(Array.from({ length: 100 }, (_, i) => context.patch({ [`n${i}`]: i })));
  assert.deepEqual(
    all.map(({ version }) => version).sort((a, b) => a - b),
    Array.from({ length: 100 }, (_, i) => i + 2),
  );
  assert.equal(Object.keys((await context.get()).data).length, 100);
});

test("names that objects have already are names like others", async (t) => {
  const { hall } = begin(t);
  for (const name of inherited) {
    assert.deepEqual(await hall.context(name).create(name), done(1));
    assert.equal((await hall.context(name).get()).data, name);
  }
  const context = hall.context("x");
  await context.create({});
  await context.patch(JSON.parse('{"__proto__": {"polluted": true}}'));
  assert.ok(Object.hasOwn((await context.get()).data, "__proto__"));
  assert.equal({}.polluted, undefined);
});

test("what cannot be asked is refused, and changes nothing", async (t) => {
  const { hall } = begin(t, { limits: { valueBytes: 100, entries: 2, keyBytes: 20 } });
  const context = hall.context("x");
  await context.create("there");
  await rejects("invalid-argument", context.replace(1));
  await rejects("invalid-argument", context.replace(1, {}));
  await rejects("invalid-argument", context.replace(1, { expect: -1 }));
  await rejects("invalid-argument", context.replace(1, { version: 1 }));
  await rejects("invalid-argument", context.replace(1, { lease: {} }));
  await rejects("invalid-value", context.replace(undefined, { expect: 1 }));
  await rejects("limit", context.replace("x".repeat(100), { expect: 1 }));
  await rejects("invalid-argument", context.acquire({ ttl: 0 }));
  await rejects("invalid-argument", context.acquire({ ttl: 2 ** 52 }));
  await rejects("invalid-argument", context.acquire({ owner: "" }));
  await rejects("invalid-argument", context.acquire({ owner: "x".repeat(257) }));
  await rejects("invalid-argument", context.acquire({ mode: "alone" }));
  await rejects("invalid-argument", context.forceRelease("x".repeat(1025)));
  assert.throws(() => hall.context("a//b"), { code: "invalid-key" });
  assert.throws(() => hall.context("x".repeat(21)), { code: "limit" });
  await hall.context("y").create(1);
  await rejects("limit", hall.context("z").create(1));
  assert.equal((await context.get()).version, 1);
  assert.deepEqual((await context.query()).holders, []);
});

test("a hall that is shared without a common store has no authority", async (t) => {
  const { hall } = begin(t, { share: [new Network().adapter("a")] });
  await rejects("no-authority", hall.context("x").create(1));
  await rejects("no-authority", hall.contexts());
});

test("what is closed is closed", async () => {
  const hall = openHall();
  const context = hall.context("x");
  await context.create(1);
  const pending = context.replace(2, { expect: 1 });
  hall.close();
  assert.deepEqual(await pending, done(2));
  await rejects("closed", context.get());
  await rejects("closed", context.create(1));
  assert.throws(() => hall.context("x"), { code: "closed" });
  await turn();
});

test("more sessions than are remembered come and go, and deleted contexts are forgotten", async (t) => {
  const { hall } = begin(t, { limits: { tombstones: 10 } });
  for (let i = 0; i < 50; i++) {
    await hall.context(`c${i}`).create(i);
    await hall.context(`c${i}`).delete();
  }
  // What is forgotten does not begin anew.
  assert.ok((await hall.context("c0").create(0)).version > 1);
});
