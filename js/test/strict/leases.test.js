/** Leases of a hall that is not shared. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { StatehallError } from "statehall";
import { START, turn } from "../support/clock.js";
import { begin } from "../support/hall.js";

const rejects = (code, promise) =>
  assert.rejects(promise, (error) => error instanceof StatehallError && error.code === code);

/** A promise, and whether it is settled. */
function followed(promise) {
  const state = { promise, settled: false };
  promise.then(
    () => (state.settled = true),
    () => (state.settled = true),
  );
  return state;
}

async function settled() {
  for (let i = 0; i < 5; i++) await turn();
}

test("who holds it writes with the lease, and nobody else writes", async (t) => {
  const { hall } = begin(t);
  const context = hall.context("x");
  await context.create(1);
  const lease = await context.acquire({ owner: "A", ttl: 1000 });
  const holder = { owner: "A", fence: lease.fence, mode: "exclusive", deadline: START + 1000 };
  assert.deepEqual(await context.query(), { version: 1, holders: [holder], waiting: [] });
  assert.deepEqual(await context.replace(2, { expect: 1 }), { committed: false, reason: "held", holder, waiting: 0 });
  assert.deepEqual(await context.replace(2, { lease }), { committed: true, version: 2 });
  assert.deepEqual(await context.patch(3, { lease }), { committed: true, version: 3 });
  assert.equal(await lease.release(), true);
  assert.equal(await lease.release(), false);
  const late = await context.replace(4, { lease });
  assert.deepEqual(late, { committed: false, reason: "lease-lost", holder: undefined, because: undefined });
  await rejects("invalid-argument", hall.context("y").create(1, { lease }));
});

test("first in, first out; each grant has a larger fence", async (t) => {
  const { hall } = begin(t);
  const context = hall.context("x");
  const first = await context.acquire({ owner: "A" });
  const order = [];
  const waiting = ["B", "C", "D"].map((owner) =>
    context.acquire({ owner }).then(async (lease) => {
      order.push([owner, lease.fence]);
      await lease.release();
    }),
  );
  await settled();
  assert.deepEqual((await context.query()).waiting, ["B", "C", "D"]);
  await first.release();
  await Promise.all(waiting);
  assert.deepEqual(
    order.map(([owner]) => owner),
    ["B", "C", "D"],
  );
  const fences = [first.fence, ...order.map(([, fence]) => fence)];
  assert.deepEqual(
    fences,
    [...new Set(fences)].sort((a, b) => a - b),
  );
});

test("shared holders hold it together, and one who wants it alone waits for all", async (t) => {
  const { hall } = begin(t);
  const context = hall.context("x");
  const readers = await Promise.all(["A", "B"].map((owner) => context.acquire({ owner, mode: "shared" })));
  const alone = followed(context.acquire({ owner: "C" }));
  await settled();
  await readers[0].release();
  await settled();
  assert.equal(alone.settled, false);
  await readers[1].release();
  assert.equal((await alone.promise).owner, "C");
});

test("a lease renews itself; one that does not is over in time, and its holder told", async (t) => {
  const { hall, clock } = begin(t);
  const context = hall.context("x");
  const kept = await context.acquire({ owner: "A", ttl: 300 });
  await clock.advance(2_000);
  assert.equal(kept.signal.aborted, false);
  await kept.release();
  const left = await context.acquire({ owner: "A", ttl: 300, renew: false });
  const next = followed(context.acquire({ owner: "B" }));
  await clock.advance(200);
  assert.equal(next.settled, false);
  assert.equal(await left.renew(), true);
  await clock.advance(299);
  assert.equal(next.settled, false);
  await clock.advance(10);
  assert.equal((await next.promise).owner, "B");
  assert.equal((await context.replace(1, { lease: left })).reason, "missing");
  assert.equal(await left.renew(), false);
  assert.equal(left.signal.aborted, true);
});

test("who does not want to wait, or not for long, is told who holds it", async (t) => {
  const { hall, clock } = begin(t);
  const context = hall.context("x");
  await context.acquire({ owner: "A", ttl: 10_000 });
  const busy = await context.acquire({ owner: "B", wait: false });
  assert.deepEqual([busy.acquired, busy.reason, busy.holder.owner], [false, "held", "A"]);
  const slow = followed(context.acquire({ owner: "B", timeout: 500 }));
  await clock.advance(499);
  assert.equal(slow.settled, false);
  await clock.advance(10);
  const late = await slow.promise;
  assert.deepEqual([late.acquired, late.reason, late.holder.owner], [false, "timeout", "A"]);
  assert.deepEqual((await context.query()).waiting, []);
  await busy[Symbol.asyncDispose]();
});

test("a signal gives up the place in line", async (t) => {
  const { hall } = begin(t);
  const context = hall.context("x");
  const lease = await context.acquire({ owner: "A" });
  const controller = new AbortController();
  const waiting = context.acquire({ owner: "B", signal: controller.signal });
  await settled();
  assert.deepEqual((await context.query()).waiting, ["B"]);
  controller.abort(new Error("enough"));
  await assert.rejects(waiting, /enough/);
  assert.deepEqual((await context.query()).waiting, []);
  await assert.rejects(context.acquire({ owner: "B", signal: controller.signal }), /enough/);
  await lease.release();
  assert.deepEqual((await context.query()).holders, []);
});

test("a lease that is taken away is lost at once, with the reason", async (t) => {
  const { hall } = begin(t);
  const context = hall.context("x");
  await context.create(1);
  const lease = await context.acquire({ owner: "A" });
  assert.equal(await context.forceRelease("maintenance"), true);
  assert.equal(await context.forceRelease("again"), false);
  await settled();
  assert.equal(lease.signal.aborted, true);
  assert.match(lease.signal.reason.message, /maintenance/);
  const refused = await context.replace(2, { lease });
  assert.deepEqual(refused, { committed: false, reason: "lease-lost", holder: undefined, because: "maintenance" });
});

test("what an owner holds ends with the owner, and goes to the next in line", async (t) => {
  const { hall } = begin(t);
  const [x, y] = [hall.context("x"), hall.context("y")];
  const lease = await x.acquire({ owner: "A" });
  await y.create(1);
  await y.lock("A");
  const next = x.acquire({ owner: "B" });
  await settled();
  hall.end("A");
  assert.equal((await next).owner, "B");
  await settled();
  assert.equal(lease.signal.aborted, true);
  assert.deepEqual((await y.query()).holders, []);
});

test("closing the hall ends what is held, and who waits", async (t) => {
  const { hall } = begin(t);
  const context = hall.context("x");
  const lease = await context.acquire({ owner: "A" });
  const waiting = context.acquire({ owner: "B" });
  await settled();
  hall.close();
  await rejects("closed", waiting);
  assert.equal(lease.signal.aborted, true);
});

test("a lease can be held where there is no document, and one be created under it", async (t) => {
  const { hall } = begin(t);
  const context = hall.context("x");
  const lease = await context.acquire();
  assert.equal(lease.owner, "anonymous");
  assert.equal((await hall.as("B").context("x").create(1)).reason, "held");
  assert.deepEqual(await context.create(1, { lease }), { committed: true, version: 1 });
});
