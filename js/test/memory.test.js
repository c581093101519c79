/**
 * Values are let go as soon as nothing needs them. Counted without garbage collection: `held` is how many values the
 * mirror keeps, `live` how many numbers the kernel refers to; between commands they are the same. And once with it.
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { turn } from "./support/clock.js";
import { begin, refused } from "./support/hall.js";
import { Network } from "./support/network.js";

/** How many values a hall holds, on both sides of the boundary. */
function held(hall) {
  const { mirror, core } = hall.session_;
  assert.equal(core.live(), mirror.held, "both sides count the same");
  return mirror.held;
}

test("an overwritten, deleted or expired value is let go", async (t) => {
  const { hall, clock } = begin(t);
  for (let n = 0; n < 100; n++) hall.put(`key/${n % 10}`, { n });
  assert.equal(held(hall), 10);
  for (let n = 0; n < 10; n++) hall.put(`key/${n}`, { n: 90 + n });
  assert.equal(held(hall), 10, "equal values are not held twice");
  hall.update("key/0", 0, ({ n }) => ({ n: n + 1 }));
  assert.equal(held(hall), 10);
  hall.put("key/0", { n: -1 }, { metadata: { by: "ann" } });
  assert.equal(held(hall), 11);
  hall.put("key/0", { n: -1 }, { metadata: { by: "ann" } });
  hall.put("key/0", { n: -1 }, { metadata: { by: "bob" } });
  assert.equal(held(hall), 11);
  hall.put("key/0", { n: 0 });
  assert.equal(held(hall), 10);
  hall.put("mortal", {}, { ttl: 10, metadata: {} });
  assert.equal(held(hall), 12);
  await clock.advance(10);
  assert.equal(held(hall), 10);
  hall.delete("key/1");
  assert.equal(held(hall), 9);
  hall.clear();
  assert.equal(held(hall), 0);
});

test("one object as the value of many keys and as metadata is let go with the last", (t) => {
  const { hall } = begin(t);
  const object = { shared: true };
  for (let n = 0; n < 10; n++) hall.put(`key/${n}`, object, { metadata: object });
  for (let n = 0; n < 10; n++) assert.equal(hall.put(`key/${n}`, object, { metadata: object }).changed, false);
  hall.clear();
  assert.equal(held(hall), 0);
});

test("what is refused is not held", (t) => {
  const { hall } = begin(t, { limits: { entries: 2, bytes: 100 } });
  hall.put("a", { n: 1 });
  hall.put("b", 1);
  const attempts = [
    () => refused("limit", () => hall.put("c", {})),
    () => refused("limit", () => hall.put("a", "x".repeat(200))),
    () => refused("invalid-key", () => hall.put("a//b", {})),
    () => refused("invalid-value", () => hall.put("a", { n: 2, f() {} })),
    () => refused("invalid-value", () => hall.put("a", 1, { metadata: [] })),
    () => refused("invalid-argument", () => hall.put("a", 1, { metadata: {}, ttl: 2 ** 52 })),
    () => refused("callback-failed", () => hall.update("a", 0, () => JSON.parse("{"))),
    () => assert.equal(hall.put("a", { n: 3 }, { expect: 99, metadata: {} }).conflict, true),
  ];
  for (const attempt of attempts) {
    attempt();
    assert.equal(held(hall), 2, String(attempt));
  }
});

test("a batch holds no more than what it leaves", (t) => {
  const { hall } = begin(t);
  hall.put("a", { n: 0 });
  hall.put("b", { n: 0 }, { metadata: {} });
  const work = () => {
    for (let n = 1; n < 10; n++) {
      hall.put("a", { n });
      hall.put("b", { n }, { metadata: { n } });
      hall.put(`fresh/${n}`, { n });
    }
    hall.delete("b");
    hall.clear("fresh/*");
  };
  const fail = () => {
    work();
    throw new Error("undo it");
  };
  for (let i = 0; i < 3; i++) assert.throws(() => hall.batch(fail), /undo it/);
  assert.equal(held(hall), 3);
  hall.batch(work);
  assert.equal(held(hall), 1);
  hall.batch(() => {
    hall.put("a", "elsewhere");
    hall.put("a", { n: 9 });
  });
  assert.equal(held(hall), 1);
});

test("what watchers are told is let go when they have been called", (t) => {
  const { hall } = begin(t);
  const counts = [];
  hall.put("a", { n: 0 });
  hall.watch("**", () => counts.push(hall.session_.mirror.held), { initial: true });
  hall.watch("**", ({ key, value }) => key === "a" && value.n < 5 && hall.put("a", { n: value.n + 1 }));
  hall.watch("b", () => {}, { once: true, filter: () => false });
  hall.put("a", { n: 1 });
  hall.batch(() => hall.put("a", { n: 9 }) && hall.put("b", {}));
  hall.delete("b");
  assert.equal(held(hall), 1);
  assert.equal(counts.length, 9);
});

test("a queue holds what waits, and no more when it has been read or has ended", async (t) => {
  const { hall } = begin(t);
  const changes = hall.watch("a", { capacity: 5 });
  const ended = hall.watch("a", { capacity: 5 });
  for (let n = 0; n < 100; n++) hall.put("a", { n });
  assert.ok(held(hall) <= 7, `${held(hall)} values are held for five changes`);
  for (let n = 0; n < 5; n++) await changes.next();
  ended.stop();
  hall.put("a", { n: 100 });
  await changes.next();
  assert.equal(held(hall), 1);
  hall.watch("a", { initial: true }).stop();
  hall.put("b", {});
  assert.equal(held(hall), 2);
});

test("values that arrive are let go like one's own", async (t) => {
  const network = new Network();
  const ann = begin(t, { share: [network.adapter("ann")] });
  const bob = begin(t, { share: [network.adapter("bob")] });
  const settle = async () => {
    for (let i = 0; i < 20; i++) {
      await network.exchange();
      for (const { clock } of [ann, bob]) await clock.advance(100);
    }
  };
  bob.hall.watch("**", () => {});
  for (let n = 0; n < 20; n++) {
    ann.hall.put("a", { n });
    bob.hall.put("b", { n }, { metadata: { n } });
    await settle();
  }
  assert.deepEqual([held(ann.hall), held(bob.hall)], [3, 3]);
  const bytes = ann.hall.snapshot();
  for (let n = 0; n < 5; n++) bob.hall.restore(bytes);
  assert.equal(held(bob.hall), 3);
  ann.hall.clear();
  await settle();
  assert.deepEqual([held(ann.hall), held(bob.hall)], [0, 0]);
});

test("100,000 puts over ten keys hold ten values, in little space", (t) => {
  const { hall } = begin(t);
  hall.watch("key/3", () => {});
  for (let n = 0; n < 100_000; n++) {
    hall.put(`key/${n % 10}`, { n });
    if (n % 10_000 === 9_999) assert.equal(held(hall), 10);
  }
  const { values } = hall.session_.mirror;
  assert.ok(values.length < 100, `numbers are given again, so ${values.length} places are too many`);
});

test("keys that come and go leave nothing behind", async (t) => {
  const { hall, clock } = begin(t, { limits: { tombstones: 10 } });
  for (let n = 0; n < 10_000; n++) {
    hall.put(`key/${n}`, { n });
    hall.delete(`key/${n}`);
    if (n % 100 === 0) await turn();
  }
  await clock.advance(1);
  const { cells } = hall.session_.mirror;
  assert.ok(cells.size <= 10, `${cells.size} cells are left`);
  assert.equal(held(hall), 0);
});

test("a closed hall holds nothing", (t) => {
  const { hall } = begin(t);
  hall.watch("**").next();
  for (let n = 0; n < 10; n++) hall.put(`key/${n}`, { n }, { metadata: {} });
  const { mirror, watches } = hall.session_;
  hall.close();
  assert.deepEqual([mirror.held, mirror.cells.size, watches.size], [0, 0, 0]);
});

test("a value that was let go is collected", async () => {
  const program = `
    import { openHall } from "statehall";
    const hall = openHall();
    const watch = hall.watch("**", () => {});
    const put = (key) => {
      const value = { big: new Array(1_000).fill(key) };
      hall.put(key, value);
      return new WeakRef(value);
    };
    const kept = put("kept");
    const dropped = { overwritten: put("a"), deleted: put("b"), refused: put("c"), undone: undefined };
    hall.put("a", 1);
    hall.delete("b");
    hall.clear("c");
    try {
      hall.batch(() => {
        dropped.undone = put("d");
        throw 0;
      });
    } catch {}
    await new Promise((resolve) => setTimeout(resolve, 20));
    gc();
    const left = Object.entries(dropped).filter(([, ref]) => ref.deref() !== undefined);
    console.log(JSON.stringify({ kept: kept.deref() !== undefined, left: left.map(([name]) => name) }));`;
  const args = ["--expose-gc", "--input-type=module", "--eval", program];
  const cwd = fileURLToPath(new URL("..", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd, timeout: 20_000 });
  assert.deepEqual(JSON.parse(stdout), { kept: true, left: [] });
});

test("what was put for an owner is let go when it ends, or is not put after all", (t) => {
  const { hall } = begin(t, { limits: { valueBytes: 100 } });
  const owner = hall.owner("planner");
  for (let n = 0; n < 100; n++) hall.put(`key/${n % 10}`, { n }, { owner, metadata: { n } });
  assert.equal(held(hall), 20);
  hall.batch(() => {
    hall.put("key/0", { n: 90 }, { owner, metadata: { n: 90 } });
    hall.put("key/1", { n: 1 }, { owner });
    hall.put("key/10", { n: 1 }, { owner });
    hall.delete("key/10");
  });
  assert.equal(held(hall), 19);
  const undone = () => {
    hall.put("key/1", { n: 2 }, { owner });
    hall.put("key/11", "x".repeat(200), { owner });
  };
  refused("limit", () => hall.batch(undone));
  assert.equal(held(hall), 19);
  owner.end();
  assert.equal(held(hall), 0);
  refused("closed", () => hall.put("key/0", { n: 0 }, { owner, metadata: {} }));
  assert.equal(held(hall), 0);
});
