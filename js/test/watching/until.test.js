/** Waiting for a state: the present one first, and no watch is left however it ends. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { turn } from "../support/clock.js";
import { begin } from "../support/hall.js";

test("the present state is asked first", async (t) => {
  const { hall } = begin(t);
  hall.put("a", 5);
  const change = await hall.watchUntil("a", (value) => value === 5);
  assert.deepEqual([change.key, change.value, change.initial], ["a", 5, true]);
  assert.deepEqual(hall.watches(), []);
});

test("then each change, until the condition holds", async (t) => {
  const { hall } = begin(t);
  const asked = [];
  const found = hall.watchUntil("agents/*/status", (value, { key }) => {
    asked.push([key, value]);
    return value === "done";
  });
  hall.put("agents/a/status", "busy");
  hall.put("agents/b/status", "done");
  hall.put("agents/a/status", "done");
  const change = await found;
  assert.deepEqual([change.key, change.watched, change.value], ["agents/b/status", "agents/*/status", "done"]);
  assert.deepEqual(asked, [
    ["agents/a/status", "busy"],
    ["agents/b/status", "done"],
  ]);
  assert.deepEqual(hall.watches(), []);
});

test("of keys that are named, absence is a state too", async (t) => {
  const { hall } = begin(t);
  const gone = (value) => value === undefined;
  const { key, value, deleted } = await hall.watchUntil({ keys: ["a", "b"] }, gone);
  assert.deepEqual([key, value, deleted], ["a", undefined, true]);
  hall.put("a", 1);
  const later = hall.watchUntil("a", gone);
  hall.watchUntil("x/*", gone).catch(() => {});
  hall.delete("a");
  assert.equal((await later).old, 1);
  assert.equal(hall.watches().length, 1);
});

test("timeout: rejects after the time of the hall's clock, and not before", async (t) => {
  const { hall, clock } = begin(t);
  let error;
  hall
    .watchUntil("a", () => false, { timeout: 100 })
    .catch((reason) => {
      error = reason;
    });
  await clock.advance(99);
  assert.equal(error, undefined);
  await clock.advance(1);
  assert.equal(error.code, "timeout");
  assert.match(error.detail, /100 ms/);
  assert.deepEqual(hall.watches(), []);
});

test("who has found what it waits for has no timer", async (t) => {
  const { hall, clock } = begin(t);
  await turn();
  const timers = clock.timers;
  const found = hall.watchUntil("a", (value) => value === 1, { timeout: 1_000_000 });
  assert.equal(clock.timers, timers + 1);
  hall.put("a", 1);
  await found;
  assert.ok(clock.timers <= timers);
});

test("signal: rejects with its reason, at once if it has aborted already", async (t) => {
  const { hall } = begin(t);
  const controller = new AbortController();
  const reason = new Error("enough");
  const waiting = hall.watchUntil("a", () => false, { signal: controller.signal });
  controller.abort(reason);
  await assert.rejects(waiting, reason);
  hall.put("a", 1);
  await assert.rejects(
    hall.watchUntil("a", () => true, { signal: controller.signal }),
    reason,
  );
  assert.deepEqual(hall.watches(), []);
});

test("a condition that throws, or does not answer at once, rejects", async (t) => {
  const { hall, errors } = begin(t);
  const cause = new Error("mine");
  hall.put("a", 1);
  const thrown = () => {
    throw cause;
  };
  await assert.rejects(hall.watchUntil("a", thrown), { code: "callback-failed", cause });
  await assert.rejects(
    hall.watchUntil("a", async () => true),
    { code: "callback-failed" },
  );
  assert.deepEqual([hall.watches(), errors], [[], []]);
});

test("a hall that is closed, now or before, rejects", async (t) => {
  const { hall } = begin(t);
  const waiting = hall.watchUntil("a", () => false, { timeout: 1_000 });
  hall.close();
  await assert.rejects(waiting, { code: "closed" });
  await assert.rejects(
    hall.watchUntil("a", () => true),
    { code: "closed" },
  );
});

test("a watcher may wait for what it will itself bring about", async (t) => {
  const { hall } = begin(t);
  let found;
  hall.put("b", 1);
  hall.watch("a", () => {
    found = hall.watchUntil("b", (value) => value === 2);
    hall.put("b", 2);
  });
  hall.put("a", 1);
  assert.equal((await found).value, 2);
  assert.equal(hall.watches().length, 1);
});

test("nonsense rejects, and nothing has changed", async (t) => {
  const { hall } = begin(t);
  const wrong = [
    ["a", undefined, {}],
    ["a", 5, {}],
    ["a", () => true, { timeout: -1 }],
    ["a", () => true, { timeout: "soon" }],
    ["a", () => true, { signal: {} }],
    ["a", () => true, { until: 1 }],
    ["a", () => true, 5],
  ];
  for (const given of wrong) await assert.rejects(hall.watchUntil(...given), { code: "invalid-argument" });
  await assert.rejects(
    hall.watchUntil("a//b", () => true),
    { code: "invalid-selector" },
  );
  assert.deepEqual(hall.watches(), []);
});
