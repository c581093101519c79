/** Watches whose changes wait: for a microtask, a frame or a time, coalesced or not, and what happens at the capacity. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { turn } from "../support/clock.js";
import { begin, heard, refused, stateOf } from "../support/hall.js";

/** A hall, and a watch of `**` whose changes are collected. */
function watched(t, options) {
  const world = begin(t);
  const told = [];
  const stop = world.hall.watch("**", (change) => told.push(change), options);
  return { ...world, told, stop, values: () => told.map(({ value }) => value) };
}

test("X56 a burst within the time: the last value arrives after it", async (t) => {
  const { hall, clock, told } = watched(t, { deliver: { every: 50 } });
  hall.put("a", 0);
  for (let n = 1; n <= 100; n++) hall.put("a", n);
  await clock.advance(49);
  assert.deepEqual(told, []);
  await clock.advance(1);
  assert.deepEqual(told.map(heard), [["a", undefined, 100]]);
  hall.put("a", 101);
  await clock.advance(49);
  hall.put("a", 102);
  await clock.advance(1);
  assert.deepEqual(told.map(heard).slice(1), [["a", 100, 102]]);
  await clock.advance(1_000);
  assert.equal(told.length, 2);
});

test("microtask: once the code that writes has run", async (t) => {
  const { hall, told } = watched(t, { deliver: "microtask" });
  hall.put("a", 1);
  hall.put("b", 1);
  hall.put("a", 2);
  assert.deepEqual(told, []);
  await null;
  assert.deepEqual(told.map(heard), [
    ["a", undefined, 2],
    ["b", undefined, 1],
  ]);
});

test("frame: in the platform's frame, or after 16 ms where there is none", async (t) => {
  const { hall, clock, values } = watched(t, { deliver: "frame" });
  hall.put("a", 1);
  await clock.advance(15);
  assert.deepEqual(values(), []);
  await clock.advance(1);
  assert.deepEqual(values(), [1]);

  const frames = new Map();
  globalThis.requestAnimationFrame = (call) => frames.set(7, call) && 7;
  globalThis.cancelAnimationFrame = (frame) => frames.delete(frame);
  t.after(() => {
    delete globalThis.requestAnimationFrame;
    delete globalThis.cancelAnimationFrame;
  });
  hall.put("a", 2);
  hall.put("a", 3);
  await clock.advance(100);
  assert.deepEqual(values(), [1]);
  frames.get(7)();
  assert.deepEqual(values(), [1, 3]);
  hall.put("a", 4);
  frames.clear();
  const stop = hall.watch("b", () => {}, { deliver: "frame" });
  hall.put("b", 1);
  assert.equal(frames.size, 1);
  stop();
  assert.equal(frames.size, 0);
});

test("initial values never wait, and come first", async (t) => {
  const { hall, clock } = begin(t);
  for (const key of ["a", "b", "c"]) hall.put(key, 1);
  const told = [];
  const waiting = { deliver: { every: 10 }, capacity: 1, overflow: "drop-oldest", initial: true };
  hall.watch("**", ({ key, value, initial }) => told.push([key, value, initial]), waiting);
  hall.put("a", 2);
  const initial = ["a", "b", "c"].map((key) => [key, 1, true]);
  assert.deepEqual(told, initial);
  await clock.advance(10);
  assert.deepEqual(told, [...initial, ["a", 2, false]]);
});

test("coalesced: from the first old to the last value, and what came and went is not told", async (t) => {
  const { hall, told } = watched(t, { deliver: "microtask" });
  hall.put("kept", 1);
  await null;
  told.length = 0;
  hall.put("kept", 2, { metadata: { why: 1 } });
  hall.delete("kept");
  hall.put("kept", 3);
  hall.put("passing", 1);
  hall.delete("passing");
  await null;
  assert.deepEqual(told.map(heard), [["kept", 1, 3]]);
  assert.deepEqual(
    [told[0].deleted, told[0].metadata, told[0].revision],
    [false, undefined, hall.changes(3).changes[0].revision],
  );
  hall.delete("kept");
  await null;
  assert.deepEqual([told[1].old, told[1].value, told[1].deleted], [3, undefined, true]);
});

test("drop-oldest: every change until the capacity, and the next one tells how many were lost", async (t) => {
  const { hall, clock, told, values } = watched(t, { deliver: { every: 10 }, capacity: 3, overflow: "drop-oldest" });
  for (let n = 1; n <= 5; n++) hall.put("a", n);
  assert.deepEqual(
    hall.watches().map(({ queued, missed, delivered }) => [queued, missed, delivered]),
    [[3, 2, 0]],
  );
  assert.equal(hall.usage().queued, 3);
  await clock.advance(10);
  assert.deepEqual(values(), [3, 4, 5]);
  assert.deepEqual(
    told.map(({ missed }) => missed),
    [2, undefined, undefined],
  );
  hall.put("a", 6);
  await clock.advance(10);
  assert.equal("missed" in told[3], false, "a change without a loss has no such member");
  assert.deepEqual(
    hall.watches().map(({ queued, missed, delivered }) => [queued, missed, delivered]),
    [[0, 2, 4]],
  );
});

test("coalesce past the capacity: the oldest keys go, and are counted", async (t) => {
  const { hall, told } = watched(t, { deliver: "microtask", capacity: 2 });
  for (const key of ["a", "b", "a", "c", "d"]) hall.put(key, 1);
  await null;
  assert.deepEqual(
    told.map(({ key, missed }) => [key, missed]),
    [
      ["c", 2],
      ["d", undefined],
    ],
  );
});

test("close: the watch ends, and says why", async (t) => {
  const { hall, errors, clock, told } = watched(t, { deliver: { every: 10 }, capacity: 2, overflow: "close" });
  for (let n = 1; n <= 2; n++) hall.put("a", n);
  assert.equal(hall.watches().length, 1);
  hall.put("a", 3);
  assert.deepEqual(
    errors.map(({ code, detail }) => [code, /"\*\*" has ended: more than its capacity of 2/.test(detail)]),
    [["limit", true]],
  );
  assert.deepEqual(hall.watches(), []);
  hall.put("a", 4);
  await clock.advance(100);
  assert.deepEqual(told, []);
  assert.equal(errors.length, 1);
});

test("whatever ends a watch lets go of what waits, and cancels its timer", async (t) => {
  const endings = {
    stop: ({ stop }) => stop(),
    signal: ({ controller }) => controller.abort(),
    owner: ({ hall }) => hall.end("owner"),
    close: ({ hall }) => hall.close(),
  };
  for (const [name, end] of Object.entries(endings)) {
    const { hall, clock } = begin(t);
    const controller = new AbortController();
    const told = [];
    await turn();
    const timers = clock.timers;
    const options = { deliver: { every: 10 }, owner: "owner", signal: controller.signal };
    const stop = hall.watch("a", (change) => told.push(change), options);
    hall.put("a", 1);
    assert.equal(clock.timers, timers + 1, name);
    end({ hall, stop, controller });
    assert.ok(clock.timers <= timers, name);
    await clock.advance(100);
    assert.deepEqual(told, [], name);
  }
});

test("a watcher that stops its watch hears nothing of the rest of the round", async (t) => {
  const { hall } = begin(t);
  const told = [];
  const stop = hall.watch(
    "**",
    ({ key }) => {
      told.push(key);
      stop();
    },
    { deliver: "microtask" },
  );
  hall.put("a", 1);
  hall.put("b", 1);
  await null;
  assert.deepEqual(told, ["a"]);
});

test("once: one change, when its time has come", async (t) => {
  const { hall, values } = watched(t, { deliver: "microtask", once: true });
  hall.put("a", 1);
  hall.put("a", 2);
  hall.put("b", 3);
  assert.equal(hall.watches().length, 1);
  await null;
  assert.deepEqual(values(), [2]);
  assert.deepEqual(hall.watches(), []);
});

test("a watch waits as it was told to when it was opened", async (t) => {
  const options = { deliver: { every: 10 }, capacity: 5, overflow: "drop-oldest" };
  const { hall, clock, values } = watched(t, options);
  Object.assign(options, { capacity: 1, overflow: "close" });
  options.deliver.every = 1_000;
  for (const n of [1, 2, 3]) hall.put("a", n);
  await clock.advance(10);
  assert.deepEqual(values(), [1, 2, 3]);
});

test("what waits has passed the filter", async (t) => {
  const { hall, values } = watched(t, { deliver: "microtask", filter: { crosses: 10 } });
  for (const n of [9, 11, 12]) hall.put("a", n);
  await null;
  assert.deepEqual(values(), [11]);
});

test("a watcher that writes is called again in the next round, never inside another", async (t) => {
  const { hall, clock } = begin(t);
  const order = [];
  hall.watch("a", ({ value }) => order.push(`now ${value}`));
  hall.watch(
    "a",
    ({ value }) => {
      order.push(`begin ${value}`);
      if (value < 3) hall.put("a", value + 1);
      order.push(`end ${value}`);
    },
    { deliver: { every: 10 } },
  );
  hall.put("a", 1);
  await clock.advance(100);
  const rounds = [2, 3].flatMap((n) => [`end ${n - 1}`, `now ${n}`, `begin ${n}`]);
  assert.deepEqual(order, ["now 1", "begin 1", ...rounds, "end 3"]);
});

test("X50 a watcher that throws is reported and listed, and the others are called", async (t) => {
  const { hall, errors } = begin(t);
  const cause = new Error("mine");
  const told = [];
  hall.watch(
    "a",
    () => {
      throw cause;
    },
    { deliver: "microtask", owner: "ann" },
  );
  hall.watch("a", ({ value }) => told.push(value), { deliver: "microtask" });
  hall.put("a", 1);
  await null;
  assert.deepEqual(told, [1]);
  assert.equal(errors.length, 1);
  const [failed, other] = hall.watches();
  assert.equal(failed.lastError, errors[0]);
  assert.equal(failed.lastError.cause, cause);
  assert.deepEqual([failed.owner, failed.delivered, other.lastError], ["ann", 1, undefined]);
});

test("a reader whose changes are coalesced: one a key, the last value", async (t) => {
  const { hall } = begin(t);
  hall.put("a", 0);
  hall.put("b", 0);
  const changes = hall.watch("**", { initial: true, overflow: "coalesce", capacity: 2 });
  for (let n = 1; n <= 1_000; n++) hall.put("a", n);
  for (const key of ["c", "d", "e"]) hall.put(key, 1);
  assert.deepEqual([hall.watches()[0].queued, hall.watches()[0].missed, changes.missed], [4, 1, 1]);
  const told = [];
  for await (const { key, old, value, initial, missed } of changes) {
    told.push([key, old, value, initial, missed]);
    if (told.length === 4) break;
  }
  assert.deepEqual(told, [
    ["a", undefined, 1_000, true, 1],
    ["b", undefined, 0, true, undefined],
    ["d", undefined, 1, false, undefined],
    ["e", undefined, 1, false, undefined],
  ]);
  assert.deepEqual([hall.watches(), changes.missed, changes.take()], [[], 1, undefined]);
});

test("a reader that waits is served; one that is too slow for `close` finds the end", async (t) => {
  const { hall, errors } = begin(t);
  const changes = hall.watch("a", { overflow: "close", capacity: 2 });
  const first = changes.next();
  hall.put("a", 1);
  assert.equal((await first).value.value, 1);
  for (const n of [2, 3]) hall.put("a", n);
  assert.equal(changes.take().value, 2);
  for (const n of [4, 5]) hall.put("a", n);
  assert.deepEqual(await changes.next(), { value: undefined, done: true });
  assert.deepEqual(
    errors.map(({ code }) => code),
    ["limit"],
  );
});

test("nonsense is refused, and nothing has changed", (t) => {
  const { hall } = begin(t, { limits: { queue: 10 } });
  const before = stateOf(hall);
  const wrong = [
    [{ deliver: "later" }, /"now", "microtask", "frame" or \{ every/],
    [{ deliver: {} }, /every/],
    [{ deliver: { every: 0 } }, /every/],
    [{ deliver: { every: -5 } }, /every/],
    [{ deliver: { every: 1.5 } }, /every/],
    [{ deliver: 16 }, /every/],
    [{ deliver: "microtask", overflow: "panic" }, /"coalesce" or "drop-oldest" or "close"/],
    [{ deliver: "microtask", capacity: 0 }, /a whole number, 1 or more/],
    [{ capacity: 5 }, /for changes that wait/],
    [{ deliver: "now", overflow: "coalesce" }, /for changes that wait/],
  ];
  for (const [options, detail] of wrong) refused("invalid-argument", () => hall.watch("a", () => {}, options), detail);
  refused("limit", () => hall.watch("a", () => {}, { deliver: "frame", capacity: 11 }), /queue is at most 10/);
  refused("limit", () => hall.watch("a", { overflow: "close", capacity: 11 }), /queue is at most 10/);
  refused("invalid-argument", () => hall.watch("a", { deliver: "microtask" }), /no option "deliver"/);
  assert.deepEqual(stateOf(hall), before);
});
