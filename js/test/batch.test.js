/** Batches: what the npm face adds to `tests/transcripts/batch.txt`: what is read after a batch that failed, and throwing. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { begin, heard, refused, stateOf } from "./support/hall.js";

/** A hall with an entry of each sort, and a function that runs a batch, fails it, and returns what it threw. */
function prepared(t, options) {
  const opened = begin(t, options);
  const { hall } = opened;
  hall.put("plain", { n: 1 });
  hall.put("full", [1], { metadata: { by: "ann" }, ttl: 5_000 });
  hall.put("bytes", new Uint8Array([1, 2]));
  const told = [];
  hall.watch("**", (change) => told.push(heard(change)));
  return { ...opened, told };
}

/** Changes everything in every way. */
function rampage(hall) {
  hall.put("plain", { n: 2 });
  hall.put("plain", { n: 3 }, { metadata: { mine: true }, ttl: 10, touch: true });
  hall.put("full", [2]);
  hall.delete("bytes");
  hall.put("fresh", 1);
  hall.put("fresh", 2, { metadata: { m: 1 } });
  hall.update("count", 0, (n) => n + 1);
  hall.as("somebody").update("count", 0, (n) => n + 1);
  hall.clear({ keys: ["full", "fresh"] });
  hall.put("full", "back");
}

test("a batch is one commit, told once, with the final values", (t) => {
  const { hall, told } = prepared(t);
  const before = hall.revision;
  const result = hall.batch(() => {
    rampage(hall);
    assert.deepEqual([hall.get("plain"), hall.get("full"), hall.get("count")], [{ n: 3 }, "back", 2]);
    assert.deepEqual([hall.has("bytes"), hall.has("fresh")], [false, false]);
    assert.deepEqual(hall.entry("plain").metadata, { mine: true });
    assert.deepEqual(hall.keys(), ["count", "full", "plain"]);
    assert.deepEqual(told, []);
    return "result";
  });
  assert.equal(result, "result");
  assert.equal(hall.revision, before + 1);
  assert.deepEqual(told, [
    ["plain", { n: 1 }, { n: 3 }],
    ["full", [1], "back"],
    ["bytes", new Uint8Array([1, 2]), undefined],
    ["count", undefined, 2],
  ]);
  for (const key of ["plain", "full", "count"]) assert.equal(hall.entry(key).revision, before + 1);
  assert.equal(hall.entry("count").origin, "somebody");
});

test("a batch that fails leaves no trace: values, metadata, times, absence", (t) => {
  const { hall, told, clock } = prepared(t);
  const before = stateOf(hall);
  const value = hall.get("plain");
  const cause = new Error("mine");
  const failing = () =>
    hall.batch(() => {
      rampage(hall);
      throw cause;
    });
  assert.throws(failing, (error) => error === cause);
  assert.deepEqual(stateOf(hall), before);
  assert.equal(hall.get("plain"), value, "the same object as before");
  assert.equal(hall.get("fresh"), undefined);
  assert.deepEqual(told, []);
  // What is there is what the kernel has, too: the next writes find it so.
  assert.equal(hall.put("plain", { n: 1 }).changed, false);
  assert.equal(hall.put("fresh", 1, { expect: 0 }).changed, true);
  return clock
    .advance(5_000)
    .then(() => assert.equal(hall.has("full"), false, "the time to live is the one from before"));
});

test("an error says which command it was", (t) => {
  const { hall } = prepared(t);
  const impossible = () => {};
  const steps = [
    ["put", "invalid-value", /^command 3 \(put "a"\): /, () => hall.put("a", impossible)],
    ["put with options", "conflict", /^command 3 \(put "plain"\): /, () => hall.put("plain", 1, { expect: 99 })],
    ["a bad option", "invalid-argument", /^command 3 \(put "a"\): /, () => hall.put("a", 1, { tll: 1 })],
    ["a bad key", "invalid-key", /^command 3 \(put\): /, () => hall.put([], 1)],
    ["delete", "conflict", /^command 3 \(delete "plain"\): /, () => hall.delete("plain", { expect: 99 })],
    ["update", "invalid-value", /^command 3 \(update "a"\): /, () => hall.update("a", 0, impossible)],
    ["clear", "invalid-selector", /^command 3 \(clear\): /, () => hall.clear("a//b")],
  ];
  for (const [name, code, detail, step] of steps) {
    const before = stateOf(hall);
    const batch = () =>
      hall.batch(() => {
        hall.put("one", name);
        hall.update("two", 0, (n) => n + 1);
        step();
      });
    refused(code, () => hall.batch(batch), detail);
    assert.deepEqual(stateOf(hall), before, name);
  }
});

test("a command that fails and is caught does not end the batch", (t) => {
  const { hall, told } = prepared(t);
  hall.batch(() => {
    hall.put("a", 1);
    refused("conflict", () => hall.put("b", 1, { expect: 9 }), /^command 2 /);
    hall.put("c", 1);
  });
  assert.deepEqual(told, [
    ["a", undefined, 1],
    ["c", undefined, 1],
  ]);
});

test("nested batches join; a joined batch that fails takes all with it, even if it is caught", (t) => {
  const { hall, told } = prepared(t);
  hall.batch(() => {
    hall.put("a", 1);
    assert.equal(
      hall.batch(() => hall.put("b", 1).changed),
      true,
    );
    assert.deepEqual(told, []);
  });
  assert.equal(told.length, 2);

  const before = stateOf(hall);
  const swallowing = () =>
    hall.batch(() => {
      hall.put("a", 2);
      try {
        hall.batch(() => {
          throw new Error("swallowed");
        });
      } catch {}
    });
  refused("callback-failed", swallowing);
  assert.deepEqual(stateOf(hall), before);
});

test("an asynchronous batch is refused and leaves no trace", (t) => {
  const { hall } = prepared(t);
  const before = stateOf(hall);
  refused("invalid-argument", () => hall.batch(async () => hall.put("a", 1)), /synchronous/);
  const failing = async () => {
    hall.put("a", 1);
    throw new Error("must not become an unhandled rejection");
  };
  refused("invalid-argument", () => hall.batch(failing));
  refused("invalid-argument", () => hall.batch(() => hall.batch(failing)));
  assert.deepEqual(stateOf(hall), before);
});

test("a key that ends as it began is silent and keeps its revision", (t) => {
  const { hall, told } = prepared(t);
  const before = stateOf(hall);
  const value = hall.get("plain");
  hall.batch(() => {
    hall.put("plain", "elsewhere");
    hall.delete("plain");
    hall.put("plain", { n: 1 });
    hall.put("fresh", 1);
    hall.delete("fresh");
    hall.delete("bytes");
    hall.put("bytes", new Uint8Array([1, 2]));
  });
  assert.deepEqual(told, []);
  assert.deepEqual(stateOf(hall), before);
  assert.deepEqual(hall.get("plain"), value);
  assert.equal(
    hall.put("plain", 1, { expect: before.entries.find(({ key }) => key === "plain").revision }).changed,
    true,
  );
});

test("closing inside a batch undoes it", (t) => {
  const { hall, told } = prepared(t);
  const guest = hall.as("guest");
  refused("closed", () =>
    guest.batch(() => {
      guest.put("a", 1);
      guest.close();
    }),
  );
  assert.equal(hall.has("a"), false);
  refused("closed", () =>
    hall.batch(() => {
      hall.put("a", 1);
      hall.close();
    }),
  );
  assert.deepEqual(told, []);
});

test("what cannot be done inside a batch is refused there, and only that", (t) => {
  const { hall } = prepared(t);
  const snapshot = hall.snapshot();
  hall.batch(() => {
    refused("invalid-argument", () => hall.watch("a", () => {}));
    refused("invalid-argument", () => hall.watch("a"));
    refused("invalid-argument", () => hall.snapshot());
    refused("invalid-argument", () => hall.restore(snapshot));
    hall.put("a", 1);
  });
  assert.equal(hall.get("a"), 1);
  assert.equal(hall.watches().length, 1);
});

test("a turn that ends inside nothing: a batch in a watcher, a watcher stopped in a batch", (t) => {
  const { hall } = begin(t);
  const seen = [];
  const stop = hall.watch("late", () => seen.push("never"));
  hall.watch("go", () =>
    hall.batch(() => {
      hall.put("x", 1);
      hall.put("late", 1);
      stop();
      hall.put("y", 1);
    }),
  );
  hall.watch({ keys: ["x", "y"] }, ({ key }) => seen.push([key, hall.get("x"), hall.get("y")]));
  hall.put("go", 1);
  assert.deepEqual(seen, [
    ["x", 1, 1],
    ["y", 1, 1],
  ]);
});
