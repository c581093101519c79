/** Several leases at once, and contexts as plain records. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { contextFromValue, contextToValue } from "statehall";
import { turn } from "../support/clock.js";
import { begin } from "../support/hall.js";

async function turns(n = 10) {
  for (let i = 0; i < n; i++) await turn();
}

const holders = async (hall, ...keys) => {
  const all = await Promise.all(keys.map((key) => hall.context(key).query()));
  return all.map(({ holders, waiting }) => [
    ...holders.map(({ owner }) => owner),
    ...waiting.map((name) => `(${name})`),
  ]);
};

test("all are held, in the order of their names, until they are released together", async (t) => {
  const { hall } = begin(t);
  const leases = await hall.acquireAll(["desk", "chair", ["desk"], "lamp"], { owner: "ann" });
  assert.equal(leases.acquired, true);
  assert.equal(leases.leases.length, 3);
  const fences = leases.leases.map(({ fence }) => fence);
  assert.deepEqual(
    fences,
    [...fences].sort((a, b) => a - b),
  );
  assert.deepEqual(await holders(hall, "chair", "desk", "lamp"), [["ann"], ["ann"], ["ann"]]);
  assert.deepEqual(await hall.context("desk").create(1, { lease: leases.leases[1] }), {
    committed: true,
    version: 1,
  });
  // What `await using` does at the end of a block.
  await leases[Symbol.asyncDispose]();
  assert.deepEqual(await holders(hall, "chair", "desk", "lamp"), [[], [], []]);
});

test("two who ask for the same in different orders both get them", async (t) => {
  const { hall } = begin(t);
  const order = [];
  const ask = async (owner, keys) => {
    for (let i = 0; i < 20; i++) {
      const leases = await hall.acquireAll(keys, { owner });
      order.push(owner);
      await turn();
      assert.equal(await leases.release(), true);
    }
  };
  await Promise.all([ask("ann", ["a", "b", "c"]), ask("bob", ["c", "b", "a"]), ask("cid", ["b", "c", "a"])]);
  assert.equal(order.length, 60);
});

test("all or none: held by another, the time over, aborted", async (t) => {
  const { hall, clock } = begin(t);
  const other = await hall.context("b").acquire({ owner: "bob", ttl: 60_000 });
  const busy = await hall.acquireAll(["c", "b", "a"], { owner: "ann", wait: false });
  assert.deepEqual([busy.acquired, busy.reason, busy.holder.owner], [false, "held", "bob"]);
  assert.deepEqual(await holders(hall, "a", "b", "c"), [[], ["bob"], []]);

  const late = hall.acquireAll(["c", "b", "a"], { owner: "ann", timeout: 500 });
  await turns();
  assert.deepEqual(await holders(hall, "a", "b", "c"), [["ann"], ["bob", "(ann)"], []]);
  await clock.advance(600);
  const result = await late;
  assert.deepEqual([result.acquired, result.reason], [false, "timeout"]);
  await result[Symbol.asyncDispose]();
  assert.deepEqual(await holders(hall, "a", "b", "c"), [[], ["bob"], []]);

  const controller = new AbortController();
  const aborted = hall.acquireAll(["a", "b"], { owner: "ann", signal: controller.signal });
  await turns();
  controller.abort(new Error("enough"));
  await assert.rejects(aborted, /enough/);
  assert.deepEqual(await holders(hall, "a", "b"), [[], ["bob"]]);
  await other.release();
});

test("the time to wait is for all of them together", async (t) => {
  const { hall, clock } = begin(t);
  const held = await Promise.all(["a", "b"].map((key) => hall.context(key).acquire({ owner: "bob", ttl: 60_000 })));
  const asked = hall.acquireAll(["a", "b", "c"], { owner: "ann", timeout: 500 });
  await turns();
  await clock.advance(400);
  await held[0].release();
  await turns();
  await clock.advance(200);
  assert.deepEqual((await asked).reason, "timeout");
  assert.deepEqual(await holders(hall, "a", "b", "c"), [[], ["bob"], []]);
});

test("what cannot be asked is refused, and nothing is held", async (t) => {
  const { hall } = begin(t);
  const rejects = (code, promise) => assert.rejects(promise, { code });
  await rejects("invalid-argument", hall.acquireAll([]));
  await rejects("invalid-argument", hall.acquireAll("a"));
  await rejects("invalid-argument", hall.acquireAll(["a"], { owner: 1 }));
  await rejects("invalid-key", hall.acquireAll(["a", "b//c"]));
  assert.deepEqual(await holders(hall, "a"), [[]]);
  hall.close();
  await rejects("closed", hall.acquireAll(["a"]));
});

test("W16: a context goes into a plain record and back, with its lock and both times", async (t) => {
  const { hall, clock } = begin(t);
  const context = hall.context("x");
  await context.create({ a: [1, null] });
  await clock.advance(5);
  await context.replace({ a: [2] }, { expect: 1 });
  await context.lock("ann");
  const record = await context.get();
  const value = contextToValue(record);
  assert.deepEqual(value, {
    context_id: "x",
    version: 2,
    data: { a: [2] },
    locked_by: "ann",
    created_at: record.createdAt,
    updated_at: record.updatedAt,
  });
  assert.deepEqual(contextFromValue(JSON.parse(JSON.stringify(value))), record);
  await context.unlock("ann");
  const free = await context.get();
  assert.deepEqual(contextFromValue(contextToValue(free)), free);
  // The least that there is: no lock, no times.
  assert.deepEqual(contextFromValue({ context_id: "y", version: 1, data: null }), {
    id: "y",
    version: 1,
    data: null,
    lockedBy: undefined,
    createdAt: undefined,
    updatedAt: undefined,
  });
});

test("a record that is none is refused, with the member that is wrong", () => {
  const good = { context_id: "x", version: 1, data: {}, locked_by: null, created_at: "2024-02-29T23:59:59.999Z" };
  assert.equal(contextFromValue(good).createdAt, good.created_at);
  const bad = [
    ["context_id", undefined],
    ["context_id", ""],
    ["context_id", 1],
    ["version", undefined],
    ["version", "1"],
    ["version", 0],
    ["version", 1.5],
    ["data", undefined],
    ["locked_by", 1],
    ["created_at", "yesterday"],
    ["created_at", "2023-02-29T00:00:00.000Z"],
    ["updated_at", "2024-02-29"],
    ["updated_at", 5],
  ];
  for (const [member, value] of bad) {
    assert.throws(
      () => contextFromValue({ ...good, [member]: value }),
      (error) => error.code === "invalid-argument" && error.detail.includes(`"${member}"`),
      `${member}: ${value}`,
    );
  }
  for (const none of [null, undefined, [], "x", 1]) {
    assert.throws(() => contextFromValue(none), { code: "invalid-argument" });
  }
  assert.throws(() => contextFromValue(Object.create(good)), { code: "invalid-argument" });
});
