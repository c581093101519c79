/** Watches that are iterated over with `for await`: order, capacity, and every way to end. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { turn } from "./support/clock.js";
import { begin, heard, refused } from "./support/hall.js";

/** Reads what waits, without waiting for more. */
async function waiting(changes) {
  const read = [];
  for (;;) {
    const step = await Promise.race([changes.next(), turn().then(() => undefined)]);
    if (step === undefined || step.done) return read;
    read.push(heard(step.value));
  }
}

test("changes come in order, whether the reader waits for them or they for the reader", async (t) => {
  const { hall } = begin(t);
  hall.put("a", 0);
  const changes = hall.watch("**", { initial: true });
  hall.put("a", 1);
  const read = [];
  const reading = (async () => {
    for await (const change of changes) {
      read.push([...heard(change), change.initial]);
      if (change.value === 4) break;
    }
  })();
  await turn();
  assert.equal(read.length, 2, "what was there has been read, and the reader waits");
  hall.put("b", 2);
  await turn();
  hall.batch(() => hall.put("a", 3) && hall.put("b", 4));
  await reading;
  assert.deepEqual(read, [
    ["a", undefined, 0, true],
    ["a", 0, 1, false],
    ["b", undefined, 2, false],
    ["a", 1, 3, false],
    ["b", 2, 4, false],
  ]);
  assert.equal(hall.usage().watches, 0, "leaving the loop has ended the watch");
});

test("leaving the loop ends the watch, however one leaves", async (t) => {
  const { hall } = begin(t);
  hall.put("a", 0);
  const thrown = new Error("in the loop");
  const leave = {
    async break() {
      for await (const _ of hall.watch("a", { initial: true })) break;
    },
    async throw() {
      for await (const _ of hall.watch("a", { initial: true })) throw thrown;
    },
    async return() {
      for await (const _ of hall.watch("a", { initial: true })) return;
    },
  };
  for (const [name, leaving] of Object.entries(leave)) {
    await leaving().catch((error) => assert.equal(error, thrown));
    assert.equal(hall.usage().watches, 0, name);
  }
});

test("past the capacity the oldest go, and are counted", async (t) => {
  const { hall } = begin(t);
  const changes = hall.watch("a", { capacity: 3 });
  for (let n = 1; n <= 10; n++) hall.put("a", n);
  assert.equal(changes.missed, 7);
  const listed = { selector: "a", owner: undefined, delivered: 0, queued: 3, missed: 7, lastError: undefined };
  assert.deepEqual(hall.watches()[0], listed);
  assert.equal(hall.usage().queued, 3);
  const values = (await waiting(changes)).map(([, , value]) => value);
  assert.deepEqual(values, [8, 9, 10]);
  changes.stop();
  assert.equal(changes.missed, 7, "the count outlives the watch");
  refused("limit", () => hall.watch("a", { capacity: hall.limits.queue + 1 }), /queue/);
});

test("initial values do not count against the capacity", async (t) => {
  const { hall } = begin(t);
  for (let n = 0; n < 10; n++) hall.put(`k/${n}`, n);
  const changes = hall.watch("k/*", { initial: true, capacity: 1 });
  hall.put("k/0", "new");
  assert.equal((await waiting(changes)).length, 11);
  assert.equal(changes.missed, 0);
});

test("readers at once are served in turn", async (t) => {
  const { hall } = begin(t);
  const changes = hall.watch("a");
  const three = [changes.next(), changes.next(), changes.next()];
  hall.put("a", 1);
  hall.batch(() => hall.put("a", 2));
  hall.put("a", 3);
  const values = (await Promise.all(three)).map(({ value }) => value.value);
  assert.deepEqual(values, [1, 2, 3]);
});

test("filter and once hold for iteration too", async (t) => {
  const { hall, errors } = begin(t);
  const filter = ({ value }) => {
    if (value === 2) throw new Error("no opinion");
    return value > 2;
  };
  const changes = hall.watch("a", { filter, once: true });
  for (let n = 1; n <= 5; n++) hall.put("a", n);
  const read = [];
  for await (const { value } of changes) read.push(value);
  assert.deepEqual(read, [2], "as of a watcher, what the filter fails to judge is told");
  assert.deepEqual(
    errors.map(({ code }) => code),
    ["callback-failed"],
  );
  assert.equal(hall.usage().watches, 0);
});

test("whoever waits is told when it ends: stop, dispose, return, signal, owner, handle, hall", async (t) => {
  const { hall } = begin(t);
  const endings = {
    stop: (changes) => changes.stop(),
    dispose: (changes) => changes[Symbol.dispose](),
    return: (changes) => changes.return(),
    signal: (_, { controller }) => controller.abort(),
    owner: () => hall.end("somebody"),
    handle: (_, { guest }) => guest.close(),
    hall: (_, { guest }) => {
      guest.close();
      hall.close();
    },
  };
  for (const [name, end] of Object.entries(endings)) {
    const controller = new AbortController();
    const guest = hall.as("guest");
    const changes = guest.watch("a", { signal: controller.signal, owner: "somebody" });
    const two = [changes.next(), changes.next()];
    await turn();
    end(changes, { controller, guest });
    for (const step of await Promise.all(two)) assert.deepEqual(step, { value: undefined, done: true }, name);
    assert.deepEqual(await changes.next(), { value: undefined, done: true }, name);
    if (!guest.closed) guest.close();
  }
});

test("a watch whose signal has been aborted is over at once", async (t) => {
  const { hall } = begin(t);
  hall.put("a", 1);
  for await (const _ of hall.watch("a", { initial: true, signal: AbortSignal.abort() })) assert.fail("it is over");
  assert.equal(hall.usage().watches, 0);
});

test("a reader may write and stop between its steps", async (t) => {
  const { hall } = begin(t);
  const changes = hall.watch("n");
  hall.put("n", 1);
  const read = [];
  for await (const { value } of changes) {
    read.push(value);
    if (value < 100) hall.put("n", value + 1);
    else changes.stop();
  }
  assert.equal(read.length, 100);
});

test("a slow reader among watchers holds nobody up", async (t) => {
  const { hall } = begin(t);
  const told = [];
  const before = hall.watch("a");
  hall.watch("a", ({ value }) => told.push(value));
  const after = hall.watch("a", { filter: ({ value }) => value === 2 });
  hall.put("a", 1);
  hall.put("a", 2);
  assert.deepEqual(told, [1, 2]);
  assert.deepEqual(
    (await waiting(before)).map(([, , value]) => value),
    [1, 2],
  );
  assert.deepEqual(
    (await waiting(after)).map(([, , value]) => value),
    [2],
  );
  assert.deepEqual(
    hall.watches().map(({ delivered }) => delivered),
    [2, 2, 1],
  );
});
