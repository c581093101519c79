/** Owners: what belongs to one goes with it. What all faces have in common is in `tests/transcripts/owners.txt`. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { StatehallError } from "statehall";
import { turn } from "../support/clock.js";
import { begin, refused, stateOf } from "../support/hall.js";
import { Network } from "../support/network.js";

const closed = (promise) =>
  assert.rejects(promise, (error) => error instanceof StatehallError && error.code === "closed");

test("each use begins its time anew, and then everything ends", async (t) => {
  const { hall, clock } = begin(t);
  const planner = hall.owner("planner", { ttl: 100 });
  assert.equal(hall.owner("planner"), planner);
  hall.put("plan", 1, { owner: planner });
  assert.equal(planner.remaining, 100);
  await clock.advance(60);
  assert.equal(planner.remaining, 40);
  planner.touch();
  assert.equal(planner.remaining, 100);
  const heard = [];
  hall.watch("**", (change) => heard.push(["owned", change.key]), { owner: planner });
  hall.watch("**", (change) => heard.push(["by the name", change.key]), { owner: "planner" });
  hall.watch("**", (change) => heard.push(["by the signal", change.key]), { owner: planner.signal });
  const stream = hall.watch("**", { owner: planner });
  hall.watch("**", (change) => heard.push(["other", change.key, change.value]));
  planner.signal.addEventListener("abort", () => heard.push(["aborted", hall.has("plan")]));
  assert.equal(hall.watches().filter(({ owner }) => owner === "planner").length, 3);
  await clock.advance(99);
  assert.equal(planner.ended, false);
  await clock.advance(1);
  assert.equal(planner.ended, true);
  assert.equal(planner.remaining, undefined);
  assert.deepEqual(heard, [
    ["aborted", false],
    ["other", "plan", undefined],
  ]);
  assert.equal(planner.signal.reason.code, "closed");
  assert.deepEqual(await stream.next(), { done: true, value: undefined });
  assert.equal(hall.watches().length, 1);
});

test("one that has ended is refused, whoever goes by its name now", async (t) => {
  const { hall, clock } = begin(t);
  const first = hall.owner("planner", { ttl: 100 });
  await clock.advance(100);
  for (const owner of [first, "planner"]) {
    refused("closed", () => hall.put("plan", 1, { owner }), /planner/);
    refused("closed", () => hall.watch("plan", () => {}, { owner }), /planner/);
    await closed(hall.context("plan").acquire({ owner }));
  }
  await closed(hall.context("plan").lock("planner"));
  refused("closed", () => first.touch(), /planner/);
  assert.equal(hall.has("plan"), false);
  const second = hall.owner("planner");
  assert.notEqual(second, first);
  refused("closed", () => hall.put("plan", 1, { owner: first }), /planner/);
  hall.put("plan", 1, { owner: second });
  first.end();
  assert.equal(hall.end(first), 0);
  assert.equal(second.ended, false);
  assert.equal(hall.get("plan"), 1);
  second[Symbol.dispose]();
  assert.deepEqual([second.ended, second.signal.aborted, hall.has("plan")], [true, true, false]);
});

test("its lease goes to the next when it expires", async (t) => {
  const { hall, clock } = begin(t);
  const context = hall.context("minutes");
  await context.create(0);
  const planner = hall.owner("planner", { ttl: 1_000 });
  const lease = await context.acquire({ owner: planner, ttl: 60_000 });
  const next = context.acquire({ owner: "writer", ttl: 60_000 });
  const held = hall.context("held");
  await held.acquire({ owner: "writer", ttl: 60_000 });
  const waiting = held.acquire({ owner: planner, ttl: 60_000 });
  waiting.catch(() => {});
  await clock.advance(999);
  assert.equal(lease.signal.aborted, false);
  assert.equal((await context.query()).holders[0].owner, "planner");
  await clock.advance(1);
  const granted = await next;
  assert.ok(granted.fence > lease.fence);
  assert.deepEqual(await context.replace(1, { lease }), {
    committed: false,
    reason: "lease-lost",
    holder: (await context.query()).holders[0],
    because: undefined,
  });
  assert.equal(lease.signal.aborted, true);
  await closed(waiting);
  assert.deepEqual(
    (await context.query()).holders.map(({ owner }) => owner),
    ["writer"],
  );
});

test("a lease that renews itself does not keep its owner", async (t) => {
  const { hall, clock } = begin(t);
  const planner = hall.owner("planner", { ttl: 1_000 });
  const lease = await hall.context("minutes").acquire({ owner: planner, ttl: 300 });
  await clock.advance(900);
  assert.deepEqual([lease.signal.aborted, planner.ended], [false, false]);
  await clock.advance(100);
  await turn();
  assert.deepEqual([lease.signal.aborted, planner.ended], [true, true]);
});

test("a timer that is late keeps nobody", async (t) => {
  const { hall, clock } = begin(t);
  const planner = hall.owner("planner", { ttl: 100 });
  hall.put("plan", 1, { owner: planner });
  await turn();
  // The machine was asleep: time has passed, and no timer has rung yet.
  clock.elapsed += 100;
  refused("closed", () => planner.touch(), /planner/);
  assert.equal(hall.has("plan"), false);
});

test("whoever hears of an end finds that all have ended, and may open one again", async (t) => {
  const { hall, clock, errors } = begin(t);
  const owners = ["a", "b", "c"].map((name) => hall.owner(name, { ttl: 100 }));
  for (const owner of owners) hall.put(owner.name, 1, { owner });
  const found = [];
  hall.watch("**", ({ key, value }) => found.push([key, value]));
  owners[1].signal.addEventListener("abort", () => {
    found.push(owners.map(({ ended }) => ended).concat(hall.keys()));
    hall.put("again", 1, { owner: hall.owner("b") });
    hall.put("again", 2, { owner: hall.owner("c") });
  });
  await clock.advance(100);
  assert.deepEqual(found, [
    [true, true, true],
    ["a", undefined],
    ["b", undefined],
    ["c", undefined],
    ["again", 1],
    ["again", 2],
  ]);
  hall.end("b");
  assert.deepEqual(hall.keys(), ["again"]);
  hall.end("c");
  assert.deepEqual(hall.keys(), []);
  assert.deepEqual(errors, []);
});

test("in a batch its keys go after it", async (t) => {
  const { hall } = begin(t);
  const planner = hall.owner("planner");
  hall.put("plan", 1, { owner: planner });
  hall.batch(() => {
    hall.put("draft", 1, { owner: planner });
    planner.end();
    refused("closed", () => hall.put("late", 1, { owner: "planner" }), /planner/);
    assert.deepEqual([planner.ended, hall.keys()], [true, ["draft", "plan"]]);
  });
  await turn();
  assert.deepEqual(hall.keys(), []);
});

test("variables can belong to an owner", (t) => {
  const { hall } = begin(t);
  const mood = hall.variable("mood", { type: "string", value: "calm" });
  mood.set("wild", { owner: "planner" });
  hall.end("planner");
  assert.equal(mood.value, "calm");
  assert.equal(mood.isSet, false);
});

test("when the session ends its owners do, and peers are told", async (t) => {
  const network = new Network();
  const { hall, clock } = begin(t, { share: [network.adapter("a")] });
  const peer = begin(t, { share: [network.adapter("b")] });
  const settle = async () => {
    for (let i = 0; i < 20; i++) {
      await network.exchange();
      for (const each of [clock, peer.clock]) await each.advance(100);
    }
  };
  await settle();
  const planner = hall.owner("planner");
  hall.put("plan", 1, { owner: planner });
  hall.put("note", 1, { owner: "visitor" });
  hall.put("kept", 1);
  await settle();
  assert.deepEqual(peer.hall.keys(), ["kept", "note", "plan"]);
  const { signal } = planner;
  hall.close();
  assert.deepEqual([planner.ended, signal.aborted], [true, true]);
  refused("closed", () => planner.touch());
  planner.end();
  await settle();
  assert.deepEqual(peer.hall.keys(), ["kept"]);
});

test("what is no owner is refused and changes nothing", async (t) => {
  const { hall } = begin(t, { limits: { owners: 3 } });
  hall.put("plan", 1);
  const foreign = begin(t).hall.owner("planner");
  const before = stateOf(hall);
  const wrong = (work) => refused("invalid-argument", work);
  for (const name of ["", "x".repeat(257), "\ud800", undefined, null, 1, {}, ["a"], Symbol("a")]) {
    wrong(() => hall.owner(name));
  }
  for (const ttl of [0, -1, 1.5, NaN, Infinity, -Infinity, 2 ** 53, Number.MAX_SAFE_INTEGER, "1", 1n, null, {}]) {
    wrong(() => hall.owner("planner", { ttl }));
  }
  for (const options of [{ tll: 1 }, 1, "ttl", null, []]) wrong(() => hall.owner("planner", options));
  const nobody = { name: "planner", touch() {}, end() {} };
  for (const owner of ["", "x".repeat(257), "\ud800", null, 1, {}, hall, nobody, foreign, AbortSignal.abort()]) {
    wrong(() => hall.put("plan", 2, { owner }));
  }
  for (const owner of [null, 1, {}, nobody, foreign]) wrong(() => hall.watch("plan", () => {}, { owner }));
  for (const owner of [null, 1, {}, nobody, foreign]) {
    await assert.rejects(hall.context("plan").acquire({ owner }), { code: "invalid-argument" });
  }
  for (const owner of [undefined, null, 1, {}]) wrong(() => hall.end(owner));
  wrong(() => hall.end(foreign));
  assert.equal(foreign.ended, false);
  assert.deepEqual(stateOf(hall), before);
  // Nothing of that has made an owner.
  for (const name of ["a", "b", "c"]) hall.owner(name);
  refused("limit", () => hall.owner("d"), /owners/);
  refused("limit", () => hall.put("plan", 2, { owner: "d" }), /owners/);
  assert.equal(hall.get("plan"), 1);
});

test("a put that is refused makes no owner", (t) => {
  const { hall } = begin(t, { limits: { owners: 1, valueBytes: 10 } });
  refused("limit", () => hall.put("plan", "x".repeat(100), { owner: "a" }), /valueBytes/);
  refused("invalid-key", () => hall.put("a//b", 1, { owner: "a" }));
  assert.equal(hall.put("plan", 1, { owner: "a", expect: 7 }).conflict, true);
  hall.owner("b");
});

test("an ended name is refused no longer when it is forgotten", (t) => {
  const { hall } = begin(t, { limits: { owners: 2 } });
  for (const name of ["a", "b", "c"]) hall.owner(name).end();
  hall.put("plan", 1, { owner: "a" });
  for (const owner of ["b", "c"]) refused("closed", () => hall.put("plan", 2, { owner }), /ended/);
});
