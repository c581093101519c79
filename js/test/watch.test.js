/**
 * Watchers as functions: what they are given, in which order, what they may do, and what ends them. Selectors, filters,
 * owners and initial values are also in `tests/transcripts`.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { StatehallError } from "statehall";
import { turn } from "./support/clock.js";
import { begin, heard, refused } from "./support/hall.js";

test("a change tells everything", (t) => {
  const { hall } = begin(t, { agent: "ann" });
  const changes = [];
  const watched = { keys: ["a", "b"] };
  hall.put("a", 1);
  hall.watch(watched, (change) => changes.push(change), { initial: true });
  hall.put("a", null, { metadata: { why: 1 } });
  hall.as("bob").delete("a");
  const common = { key: "a", watched, initial: false, deleted: false, metadata: undefined, origin: "ann" };
  assert.deepEqual(changes, [
    { ...common, value: 1, old: undefined, revision: 1, initial: true },
    { ...common, value: null, old: 1, revision: 2, metadata: { why: 1 } },
    { ...common, value: undefined, old: null, revision: 3, origin: "bob", deleted: true },
  ]);
  assert.equal(changes[0].watched, watched);
});

test("every watcher has a change of its own, of the same members whichever way it came", (t) => {
  const { hall } = begin(t);
  const changes = [];
  const spoiling = (change) => {
    changes.push({ ...change });
    for (const member of Object.keys(change)) change[member] = "spoiled";
  };
  hall.put("a", { n: 0 });
  hall.put("b", 0);
  for (const selector of ["a", "*", "a", "b"]) hall.watch(selector, spoiling);
  const seven = new Uint8Array([7]);
  hall.put("a", seven);
  hall.put("b", 1);
  hall.batch(() => hall.put("a", 2) && hall.put("b", 2));
  hall.put("a", 3, { metadata: {} });
  assert.equal(changes.length, 3 + 2 + (3 + 2) + 3);
  for (const change of changes) assert.deepEqual(Object.keys(change), Object.keys(changes[0]));
  assert.deepEqual(
    changes.slice(0, 3).map(({ watched, value, old }) => [watched, value, old]),
    ["a", "*", "a"].map((watched) => [watched, seven, { n: 0 }]),
  );
  assert.equal(new Set(changes.slice(0, 3).map(({ value }) => value)).size, 3, "bytes are copied for each");
  assert.deepEqual(hall.get("a"), 3);
});

test("watchers of one change are called in the order in which they were opened", (t) => {
  const { hall } = begin(t);
  const order = [];
  const selectors = ["a", "**", { keys: ["b", "a"] }, "*", "a", ["a"]];
  const names = selectors.map((selector, i) => {
    hall.watch(selector, ({ value }) => order.push(`${i}:${value}`));
    return i;
  });
  hall.put("a", 1);
  hall.put("a", 2);
  assert.deepEqual(order, [...names.map((i) => `${i}:1`), ...names.map((i) => `${i}:2`)]);
});

test("a watcher never runs inside another, however much it writes", (t) => {
  const { hall } = begin(t);
  let [depth, deepest] = [0, 0];
  const counting = (watcher) => (change) => {
    deepest = Math.max(deepest, ++depth);
    watcher(change);
    depth--;
  };
  const seen = [];
  hall.watch(
    "n",
    counting(({ value }) => {
      seen.push(value);
      if (value < 10_000) hall.put("n", value + 1);
    }),
  );
  hall.watch(
    "n",
    counting(({ value }) => value % 1_000 === 0 && hall.batch(() => hall.put(`log/${value}`, value))),
  );
  hall.watch(
    "log/*",
    counting(() =>
      hall.watch(
        "n",
        counting(() => {}),
        { initial: true },
      )(),
    ),
  );
  hall.put("n", 0);
  assert.equal(deepest, 1);
  assert.deepEqual(
    seen,
    Array.from({ length: 10_001 }, (_, n) => n),
  );
  assert.equal(hall.keys("log/*").length, 11);
});

test("what a watcher writes is told after everybody has heard of what made it write", (t) => {
  const { hall } = begin(t);
  const order = [];
  hall.watch("a", ({ value }) => {
    order.push(`first a=${value}`);
    hall.put("b", value);
    order.push(`first sees b=${hall.get("b")}`);
  });
  hall.watch("**", ({ key, value }) => order.push(`second ${key}=${value}`));
  hall.put("a", 1);
  assert.deepEqual(order, ["first a=1", "first sees b=1", "second a=1", "second b=1"]);
});

test("a watcher that throws is reported, and the others are called", (t) => {
  const { hall, errors } = begin(t);
  const cause = new Error("mine");
  const told = [];
  hall.watch("a", () => {
    throw cause;
  });
  hall.watch("a", ({ value }) => told.push(value));
  hall.put("a", 1);
  hall.put("a", 2);
  assert.deepEqual(told, [1, 2]);
  assert.deepEqual(
    errors.map((error) => [error instanceof StatehallError, error.code, error.cause]),
    Array(2).fill([true, "callback-failed", cause]),
  );
});

test("an asynchronous watcher that fails is reported", async (t) => {
  const { hall, errors } = begin(t);
  const cause = new Error("later");
  hall.watch("a", async () => {
    await null;
    throw cause;
  });
  hall.put("a", 1);
  assert.deepEqual(errors, []);
  await turn();
  assert.deepEqual(
    errors.map((error) => [error.code, error.cause]),
    [["callback-failed", cause]],
  );
});

test("an onError that throws disturbs nobody", (t) => {
  const logged = t.mock.method(console, "error", () => {});
  const failure = new Error("onError itself");
  const { hall } = begin(t, {
    onError: () => {
      throw failure;
    },
  });
  const told = [];
  hall.watch("a", () => {
    throw new Error("watcher");
  });
  hall.watch("a", ({ value }) => told.push(value));
  hall.put("a", 1);
  assert.deepEqual(told, [1]);
  assert.deepEqual(logged.mock.calls[0].arguments, [failure]);
});

test("X51 a filter that throws is reported and lets everything pass", (t) => {
  const { hall, errors } = begin(t);
  const told = [];
  const filter = ({ value }) => {
    if (value === 2) throw new Error("no opinion");
    return value !== 3;
  };
  hall.watch("a", ({ value }) => told.push(value), { filter });
  for (const value of [1, 2, 3, 4]) hall.put("a", value);
  assert.deepEqual(told, [1, 2, 4]);
  assert.deepEqual(
    errors.map(({ code }) => code),
    ["callback-failed"],
  );
});

test("a filter that stops its own watch lets nothing pass", (t) => {
  const { hall } = begin(t);
  const told = [];
  const filter = () => {
    stop();
    return true;
  };
  const stop = hall.watch("a", (change) => told.push(change), { filter });
  hall.put("a", 1);
  assert.deepEqual(told, []);
});

test("once: the watch has ended when its watcher runs", (t) => {
  const { hall } = begin(t);
  const told = [];
  hall.watch(
    "a",
    ({ value }) => {
      told.push(value);
      assert.deepEqual(hall.watches(), []);
      hall.put("a", value + 1);
    },
    { once: true, filter: ({ value }) => value > 1 },
  );
  hall.put("a", 1);
  hall.put("a", 2);
  assert.deepEqual(told, [2]);
  assert.equal(hall.get("a"), 3);
});

test("stopping: called, unsubscribed or disposed of, any number of times", (t) => {
  const { hall } = begin(t);
  const told = [];
  const ways = [(stop) => stop(), (stop) => stop.unsubscribe(), (stop) => stop[Symbol.dispose]()];
  for (const way of ways) {
    const stop = hall.watch("a", (change) => told.push(change));
    assert.equal(hall.usage().watches, 1);
    way(stop);
    way(stop);
    assert.equal(hall.usage().watches, 0);
  }
  hall.put("a", 1);
  assert.deepEqual(told, []);
});

test("a watcher may stop itself and others, and open watches, while a batch is told", (t) => {
  const { hall } = begin(t);
  const log = [];
  const stops = {};
  stops.first = hall.watch("**", ({ key }) => {
    log.push(`first ${key}`);
    stops.first();
    stops.third();
    stops.fourth = hall.watch("**", (change) => log.push(`fourth ${change.key} ${change.initial}`), { initial: true });
  });
  stops.second = hall.watch("**", ({ key }) => log.push(`second ${key}`));
  stops.third = hall.watch("**", ({ key }) => log.push(`third ${key}`));
  hall.batch(() => hall.put("a", 1) && hall.put("b", 1));
  // The fourth was opened when both were there: it is told both as initial values, and neither again.
  assert.deepEqual(
    log.filter((line) => !line.startsWith("fourth")),
    ["first a", "second a", "second b"],
  );
  assert.deepEqual(
    log.filter((line) => line.startsWith("fourth")),
    ["fourth a true", "fourth b true"],
  );
  hall.put("c", 1);
  assert.deepEqual(log.slice(-2), ["second c", "fourth c false"]);
});

test("initial values: a consistent snapshot before any later change, at once", (t) => {
  const { hall } = begin(t);
  hall.put("b", 1);
  hall.put("a", 1);
  const told = [];
  hall.watch(
    "**",
    (change) => {
      told.push([...heard(change), change.initial]);
      if (change.initial) hall.put("b", hall.get("b") + 1);
    },
    { initial: true },
  );
  assert.deepEqual(told, [
    ["a", undefined, 1, true],
    ["b", undefined, 1, true],
    ["b", 1, 2, false],
    ["b", 2, 3, false],
  ]);
});

test("a watch opened by a watcher with initial values misses nothing and repeats nothing", (t) => {
  const { hall } = begin(t);
  const values = new Map();
  let opened = 0;
  const open = () => {
    const id = opened++;
    values.set(id, []);
    hall.watch("n", ({ value }) => values.get(id).push(value), { initial: true });
  };
  hall.watch("n", ({ value }) => {
    open();
    if (value < 20) hall.put("n", value + 1);
  });
  hall.put("n", 0);
  assert.equal(opened, 21);
  for (const seen of values.values()) {
    const [first] = seen;
    const expected = Array.from({ length: 21 - first }, (_, i) => first + i);
    assert.deepEqual(seen, expected);
  }
});

test("an owner ends its watches: a name, an AbortSignal, a handle", (t) => {
  const { hall } = begin(t);
  const told = [];
  const watcher = (change) => told.push(change);
  const controller = new AbortController();
  const handle = hall.as("guest");
  for (const owner of ["guest", controller.signal, handle]) hall.watch("a", watcher, { owner });
  handle.watch("a", watcher);
  assert.equal(hall.watches().length, 4);

  assert.equal(hall.end("guest"), 1);
  assert.equal(hall.watches().length, 3);
  controller.abort();
  assert.equal(hall.watches().length, 2);
  handle.close();
  assert.equal(hall.watches().length, 0, "a handle ends what it owns and what it has opened");
  hall.put("a", 1);
  assert.deepEqual(told, []);
});

test("end() takes every kind of owner and counts", (t) => {
  const { hall } = begin(t);
  const controller = new AbortController();
  const handle = hall.as("guest");
  for (const owner of ["guest", controller.signal, handle]) {
    hall.watch("a", () => {}, { owner });
    hall.watch("b", { owner });
    assert.equal(hall.end(owner), 2);
    assert.equal(hall.end(owner), 0);
  }
  assert.deepEqual(hall.watches(), []);
});

test("a signal ends a watch; one that has been aborted begins none", (t) => {
  const { hall } = begin(t);
  const told = [];
  const controller = new AbortController();
  hall.watch("a", ({ value }) => told.push(value), { signal: controller.signal });
  hall.put("a", 1);
  controller.abort();
  hall.put("a", 2);
  const stop = hall.watch("a", ({ value }) => told.push(value), { signal: AbortSignal.abort(), initial: true });
  hall.put("a", 3);
  stop();
  assert.deepEqual(told, [1]);
  assert.equal(hall.usage().watches, 0);
  // What is wrong is refused all the same.
  refused("invalid-selector", () => hall.watch("a//b", () => {}, { signal: AbortSignal.abort() }));
});

test("a watcher that aborts its own signal hears no more", (t) => {
  const { hall } = begin(t);
  const controller = new AbortController();
  const told = [];
  const watcher = ({ key }) => {
    told.push(key);
    controller.abort();
  };
  hall.watch("**", watcher, { signal: controller.signal });
  hall.batch(() => hall.put("a", 1) && hall.put("b", 1));
  assert.deepEqual(told, ["a"]);
});

test("what a stopped watch has listened to lets it go", (t) => {
  const { hall } = begin(t);
  const { signal } = new AbortController();
  const added = t.mock.method(signal, "addEventListener");
  const removed = t.mock.method(signal, "removeEventListener");
  hall.watch("a", () => {}, { signal })();
  hall.watch("a", () => {}, { owner: signal, once: true });
  hall.put("a", 1);
  assert.equal(added.mock.callCount(), 2);
  assert.equal(removed.mock.callCount(), 2);
});

test("watches are listed in the order of their opening, with counts", (t) => {
  const { hall } = begin(t);
  const selector = { keys: ["a"] };
  hall.watch(selector, () => {}, { owner: "ann" });
  hall.watch(["a"], () => {}, { filter: ({ value }) => value > 1 });
  hall.put("a", 1);
  hall.put("a", 2);
  assert.deepEqual(hall.watches(), [
    { selector, owner: "ann", delivered: 2, queued: 0, missed: 0, lastError: undefined },
    { selector: ["a"], owner: undefined, delivered: 1, queued: 0, missed: 0, lastError: undefined },
  ]);
});

test("a hall that does not notify calls nobody; everything else works", (t) => {
  const { hall } = begin(t, { notify: false });
  const told = [];
  hall.put("a", 1);
  hall.watch("a", (change) => told.push(change), { initial: true });
  hall.put("a", 2);
  hall.delete("a");
  hall.batch(() => hall.put("a", 3));
  assert.deepEqual(told, []);
  assert.equal(hall.get("a"), 3);
  assert.equal(hall.changes(0).changes.length, 1);
});

test("closing the hall inside a watcher ends everything at once", (t) => {
  const { hall, errors } = begin(t);
  const told = [];
  hall.watch("**", ({ key }) => {
    told.push(key);
    hall.close();
  });
  hall.watch("**", ({ key }) => told.push(`late ${key}`));
  hall.batch(() => hall.put("a", 1) && hall.put("b", 1));
  assert.deepEqual(told, ["a"]);
  assert.equal(hall.closed, true);
  assert.deepEqual(errors, []);
});

test("watchers that write faster than they are called come to a limit, and the hall goes on", (t) => {
  const { hall, errors } = begin(t, { limits: { notices: 50 } });
  hall.watch("n", ({ value }) => {
    if (value < 12) for (let twice = 0; twice < 2; twice++) hall.put("n", value + 1, { touch: true });
  });
  hall.put("n", 0);
  assert.ok(errors.length > 0);
  for (const { cause } of errors) assert.match(cause.message, /^limit: notices is at most 50/);
  hall.put("n", 100);
  assert.equal(hall.get("n"), 100);
});
