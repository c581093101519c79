/**
 * A trap costs one command and nothing else.
 *
 * The kernel should never trap. Here it is made to: all of its memory is taken away, so that its next allocation fails,
 * which is what happens in a page that has run out of memory. And, because that happens in few places, every call of the
 * kernel is made to fail once in the way that a trap does.
 */

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

/** The newest instance of the kernel, and whether another may be made. */
const kernel = { instance: undefined, fails: false };

WebAssembly.Instance = class extends WebAssembly.Instance {
  constructor(...args) {
    if (kernel.fails) throw new RangeError("WebAssembly.Instance(): Out of memory");
    super(...args);
    kernel.instance = this;
  }
};

// The package starts its kernel for the first hall, so that comes after.
const { openHall, StatehallError } = await import("statehall");
const { begin, heard, refused } = await import("./support/hall.js");
const { turn } = await import("./support/clock.js");
const { Network } = await import("./support/network.js");

// All halls of one realm share one instance. A copy of the package is as good as another realm.
const copy = mkdtempSync(join(tmpdir(), "statehall-realm-"));
after(() => rmSync(copy, { recursive: true, force: true }));
cpSync(fileURLToPath(new URL(".", import.meta.resolve("statehall/statehall.wasm"))), copy, { recursive: true });
writeFileSync(join(copy, "package.json"), '{"type": "module"}');
const elsewhere = await import(join(copy, "entry/inline.js"));
elsewhere.openHall().close();
openHall().close();

const PAGES = 65_536;

/** Takes all memory that the kernel could still get. */
function exhaust() {
  const { memory } = kernel.instance.exports;
  memory.grow(PAGES - memory.buffer.byteLength / 65_536);
}

/** Lets time pass and frames arrive until everybody knows everything. */
async function settled(network, clocks) {
  for (let i = 0; i < 40; i++) {
    await network.exchange();
    for (const clock of clocks) await clock.advance(100);
  }
}

/** A key longer than what is left of the memory that the kernel has; in a good instance it is only too long. */
const longKey = "k".repeat(8_000_000);

/** Makes the kernel trap; the hall's next command fails or is the one that finds a new instance. */
function trap(hall) {
  exhaust();
  const { instance } = kernel;
  refused("poisoned", () => hall.put(longKey, 1), /rebuilt/);
  assert.notEqual(kernel.instance, instance);
}

test("after a trap the hall goes on: values, metadata, origins, times, watches, handles", async (t) => {
  const { hall, clock } = begin(t, { agent: "ann" });
  const bob = hall.as("bob");
  const value = { deep: [1] };
  hall.put("a", value, { metadata: { why: [1] } });
  bob.put("b", new Uint8Array([1, 2]), { ttl: 1_000 });
  hall.put("gone", 1);
  hall.delete("gone");
  const told = [];
  const stop = hall.watch("**", (change) => told.push([...heard(change), change.origin]));
  const changes = hall.watch("a");
  const before = { session: hall.session, revision: hall.revision };
  await turn();

  trap(hall);
  assert.deepEqual(told, [], "nothing has changed, so nobody hears anything");
  assert.notEqual(hall.session, before.session, "it is another session");
  assert.ok(hall.revision >= before.revision, "revisions never go back");
  assert.equal(hall.get("a"), value, "the very same object");
  assert.deepEqual(hall.keys(), ["a", "b"]);
  assert.deepEqual(hall.entry("a").metadata, { why: [1] });
  assert.equal(hall.entry("b").origin, "bob");
  assert.deepEqual(hall.get("b"), new Uint8Array([1, 2]));

  hall.put("a", 2);
  bob.put("c", 3);
  hall.batch(() => hall.put("a", 4));
  assert.deepEqual(told, [
    ["a", value, 2, "ann"],
    ["c", undefined, 3, "bob"],
    ["a", 2, 4, "ann"],
  ]);
  assert.equal((await changes.next()).value.value, 2);
  assert.equal((await changes.next()).value.value, 4);
  await clock.advance(1_000);
  assert.deepEqual(told.at(-1).slice(0, 3), ["b", new Uint8Array([1, 2]), undefined]);
  stop();
  assert.equal(hall.watches().length, 1);
  const { mirror, core } = hall.session_;
  assert.equal(core.live(), mirror.held);
});

test("other halls of the realm go on as well", (t) => {
  const { hall } = begin(t);
  const { hall: other } = begin(t);
  const told = [];
  other.put("a", { mine: true });
  other.watch("a", ({ old, value }) => told.push([old, value]));
  const iterated = other.watch("a");
  trap(hall);
  assert.deepEqual(other.get("a"), { mine: true });
  other.put("a", 2);
  assert.deepEqual(told, [[{ mine: true }, 2]]);
  assert.equal(other.watches().length, 2);
  iterated.stop();
  trap(other);
  trap(hall);
  assert.equal(hall.put("b", 1).changed, true);
  assert.equal(other.put("a", 3).changed, true);
});

test("a hall may be closed, or opened, after a trap elsewhere", (t) => {
  const { hall } = begin(t);
  const { hall: closing } = begin(t);
  trap(hall);
  closing.close();
  const { hall: fresh } = begin(t);
  assert.equal(fresh.put("a", 1).revision, 1);
});

test("a batch in which the kernel traps leaves nothing", (t) => {
  const { hall } = begin(t);
  hall.put("a", 1);
  const told = [];
  hall.watch("**", (change) => told.push(change));
  const failing = () =>
    hall.batch(() => {
      hall.put("a", 2);
      hall.put("fresh", 1);
      exhaust();
      hall.put(longKey, 1);
    });
  refused("poisoned", failing, /^command 3 /);
  assert.deepEqual([[...hall.toMap()], told], [[["a", 1]], []]);
  hall.batch(() => hall.put("a", 3));
  assert.equal(told.length, 1);
});

test("in a batch, a trap that is caught does not let half of it happen", (t) => {
  const { hall } = begin(t);
  hall.put("a", 1);
  const swallowing = () =>
    hall.batch(() => {
      hall.put("a", 2);
      exhaust();
      refused("poisoned", () => hall.put(longKey, 1));
      hall.put("b", 2);
    });
  assert.throws(swallowing, StatehallError);
  assert.deepEqual([...hall.toMap()], [["a", 1]]);
});

test("a shared hall rejoins as a new session, and undoes nothing that others know", async (t) => {
  const network = new Network();
  const ann = begin(t, { agent: "ann", share: [network.adapter("ann")] });
  const bob = begin(t, { agent: "bob", share: [network.adapter("bob")] }, elsewhere.openHall);
  const settle = () => settled(network, [ann.clock, bob.clock]);
  ann.hall.put("kept", "by all");
  ann.hall.put("overwritten", "old");
  ann.hall.put("deleted", "old");
  await settle();

  // While ann hears nothing, bob goes on. Then ann's kernel traps.
  bob.hall.put("overwritten", "new");
  bob.hall.delete("deleted");
  bob.hall.put("added", 1);
  for (const { clock } of [ann, bob]) await clock.advance(1);
  await network.take();
  const { session } = ann.hall;
  ann.hall.put("fresh", "not yet told");
  trap(ann.hall);
  assert.notEqual(ann.hall.session, session);
  await settle();

  const expected = [
    ["added", 1],
    ["fresh", "not yet told"],
    ["kept", "by all"],
    ["overwritten", "new"],
  ];
  for (const { hall } of [ann, bob]) assert.deepEqual([...hall.toMap()], expected, hall.agent);
  ann.hall.put("kept", "still connected");
  await settle();
  assert.equal(bob.hall.get("kept"), "still connected");
  assert.deepEqual(
    bob.hall
      .sessions()
      .filter(({ self }) => !self)
      .some(({ id }) => id === ann.hall.session),
    true,
  );
});

test("a hall whose kernel is replaced while it sends takes nothing from the kernel of another", async (t) => {
  const sent = [];
  let work = () => {};
  const adapter = {
    open() {},
    send(frame) {
      sent.push(new TextDecoder().decode(frame));
      const now = work;
      work = () => {};
      now();
    },
    close() {},
  };
  // Frames are small, so that there are several to send.
  const { hall, clock, errors } = begin(t, { name: "mine", share: [adapter], limits: { frameBytes: 4_096 } });
  const others = [1, 2, 3].map((n) => begin(t, { name: `theirs ${n}`, share: [new Network().adapter("a")] }).hall);
  await clock.advance(1_000);
  for (let n = 0; n < 20; n++) hall.put(`mine/${n}`, "mine".repeat(200));
  let replaced;
  work = () => {
    trap(others[0]);
    replaced = kernel.instance;
    for (const other of others) other.put("theirs", "theirs ".repeat(100));
  };
  await clock.advance(1_000);
  assert.equal(kernel.instance, replaced, "what was left to send was not asked of the new instance");
  assert.equal(errors.length, 1);
  assert.match(errors[0].message, /^poisoned: the kernel was replaced/);
  hall.put("mine/again", 1);
  await clock.advance(1_000);
  assert.equal(hall.keys().length, 21);
  assert.ok(sent.length > 3);
  assert.ok(!sent.some((frame) => frame.includes("theirs")), "nothing of the others is sent");
});

test("a hall that cannot be rebuilt says so and is closed", (t) => {
  const { hall } = begin(t);
  hall.put("a", 1);
  const iterated = hall.watch("a").next();
  exhaust();
  kernel.fails = true;
  t.after(() => {
    kernel.fails = false;
  });
  refused("poisoned", () => hall.put(longKey, 1), /could not be rebuilt; the hall is closed/);
  kernel.fails = false;
  assert.equal(hall.closed, true);
  refused("closed", () => hall.get("a"));
  hall.close();
  const { hall: next } = begin(t);
  assert.equal(next.put("a", 1).revision, 1, "a hall that is opened later has a new instance");
  return iterated.then((step) => assert.equal(step.done, true));
});

/** Everything that calls the kernel, in an order in which each has something to do. */
const deeds = {
  put: (hall) => hall.put("a", { n: 2 }),
  "puts that the kernel hears of later": (hall) => {
    for (let n = 0; n < 3; n++) hall.put("plain", n);
  },
  "put with options": (hall) => hall.put("fresh", 1, { metadata: { m: 1 }, ttl: 5_000 }),
  get: (hall) => hall.get("absent"),
  entry: (hall) => hall.entry("a"),
  delete: (hall) => hall.delete("b"),
  update: (hall) => hall.update("count", 0, (n) => n + 1),
  keys: (hall) => hall.keys("*"),
  changes: (hall) => hall.changes(0),
  batch: (hall) => hall.batch(() => hall.put("c", 1) && hall.put("d", 1)),
  "a batch that is undone": (hall) => {
    const undone = new Error("undone");
    const work = () => {
      hall.put("c", 2);
      throw undone;
    };
    try {
      hall.batch(work);
    } catch (error) {
      if (error !== undone) throw error;
    }
  },
  "a put that is refused": (hall) => {
    try {
      hall.put("a", "x".repeat(10_000));
    } catch (error) {
      if (error.code !== "limit") throw error;
    }
  },
  watch: (hall) => hall.watch("a", () => {}, { initial: true })(),
  iterate: (hall) => hall.watch("a", { initial: true }).next(),
  watches: (hall) => hall.watches(),
  end: (hall) => hall.end("somebody"),
  as: (hall) => hall.as("new agent").close(),
  sessions: (hall) => hall.sessions(),
  usage: (hall) => hall.usage(),
  snapshot: (hall) => hall.snapshot(),
  restore: (hall) => hall.restore(seed),
  clear: (hall) => hall.clear("c"),
  variables: (hall) => {
    hall.undeclare("typed");
    hall.put("typed", "text");
    const variable = hall.variable("typed", { type: "integer", maxDelta: 5, value: 1 });
    assert.equal(variable.violation.code, "constraint-violation");
    variable.set(2);
    hall.variables("typed");
    variable.reset();
    variable.watch(() => {}, { initial: true })();
    hall.undeclare("typed");
  },
  owners: (hall) => {
    const owner = hall.owner("owner", { ttl: 1_000 });
    hall.put("owned", 1, { owner });
    owner.touch();
    owner.end();
  },
  machines: async (hall) => {
    const handle = ({ type, content, from }) => {
      if (content === "later") queueMicrotask(() => attempt(() => from.reply(1)));
      if (content === "end") return { stop: "shutdown" };
      return type === "cast" ? { next: { n: content }, actions: ["hibernate", { timeout: 10, name: "t" }] } : undefined;
    };
    const definition = { name: "machine", init: { state: "a", actions: [{ timeout: 20 }] }, handle };
    const machine = hall.machine(definition);
    // More than are kept before it is asked which are in use.
    for (let n = 0; n < 1_100; n++) machine.cast(n);
    // Its time passes between the deeds.
    machine.call("never", { timeout: 5 }).catch(() => {});
    await Promise.allSettled([machine.call("later"), machine.call("never", { signal: left() })]);
    machine.timers();
    const snapshot = machine.snapshot();
    machine.cast("end");
    hall.machine(definition, { snapshot }).kill();
  },
  "being put away and coming back": (hall) => {
    hall.session_.suspend();
    hall.session_.resume();
  },
};
let seed;

/** Does what may fail, as everything may. */
function attempt(work) {
  try {
    work();
  } catch (error) {
    if (error.code !== "poisoned") throw error;
  }
}

/** The signal of somebody who soon gives up. */
function left() {
  const abort = new AbortController();
  queueMicrotask(() => abort.abort(new Error("left")));
  return abort.signal;
}

const scout = openHall();
const calls = Object.getOwnPropertyNames(Object.getPrototypeOf(scout.session_.core)).filter(
  (name) =>
    !["constructor", "free", "live", "session", "limits", "decide", "patch"].includes(name) && !name.startsWith("__"),
);

scout.close();

test("owners are open after a trap, and have their keys", async (t) => {
  const { hall, clock } = begin(t);
  const owner = hall.owner("planner", { ttl: 1_000 });
  const heard = [];
  hall.watch("**", (change) => heard.push(change.key), { owner });
  hall.put("owned", 1, { owner });
  hall.put("visitors", 1, { owner: "visitor" });
  hall.put("not any more", 1, { owner });
  hall.put("not any more", 2);
  await clock.advance(900);
  exhaust();
  refused("poisoned", () => hall.has(longKey));
  assert.equal(owner.remaining, 1_000);
  hall.put("owned/too", 1, { owner });
  assert.deepEqual(heard, ["owned", "visitors", "not any more", "not any more", "owned/too"]);
  await clock.advance(999);
  assert.deepEqual([owner.ended, hall.keys().length], [false, 4]);
  await clock.advance(1);
  assert.deepEqual([owner.ended, hall.keys()], [true, ["not any more", "visitors"]]);
  refused("closed", () => hall.put("owned", 1, { owner: "planner" }));
  hall.end("visitor");
  assert.deepEqual(hall.keys(), ["not any more"]);
  assert.equal(hall.session_.core.live(), hall.session_.mirror.held);
});

for (const name of calls) {
  test(`a trap in ${name} is survived`, async (t) => {
    const network = new Network();
    const { hall, clock, errors } = begin(t, { share: [network.adapter("a")], limits: { bytes: 1_000 } });
    const peer = begin(t, { share: [network.adapter("b")] }, elsewhere.openHall);
    hall.put("a", { n: 1 }, { metadata: { by: "ann" } });
    hall.put("b", 1);
    seed = hall.snapshot();
    hall.watch("**", () => {});
    hall.watch("a", { capacity: 2 });
    const settle = () => settled(network, [clock, peer.clock]);
    let trapped = false;
    hall.session_.core[name] = () => {
      trapped = true;
      throw new WebAssembly.RuntimeError("unreachable");
    };
    const { core } = hall.session_;
    for (const [deed, work] of Object.entries(deeds)) {
      try {
        await work(hall);
      } catch (error) {
        assert.ok(error instanceof StatehallError && error.code === "poisoned", `${deed}: ${error.stack}`);
      }
      peer.hall.put("from/peer", deed);
      await network.exchange();
      await clock.advance(100);
    }
    assert.ok(trapped, "one of the deeds calls it");
    assert.notEqual(hall.session_.core, core);
    assert.ok(
      errors.every(({ code }) => code === "poisoned"),
      String(errors[0]),
    );

    // Nothing is lost but what failed; everything works.
    await settle();
    assert.deepEqual(hall.get("a") && Object.keys(hall.get("a")), ["n"]);
    for (const work of Object.values(deeds)) await work(hall);
    assert.deepEqual(hall.get("a"), { n: 2 });
    assert.equal(hall.session_.core.live(), hall.session_.mirror.held);
    await settle();
    assert.deepEqual([...hall.toMap()], [...peer.hall.toMap()]);
  });
}

for (const name of ["decide", "patch"]) {
  test(`a trap in ${name} is survived, and so is what is stored`, async (t) => {
    const { hall } = begin(t);
    const context = hall.context("x");
    await context.create({ n: 1 });
    hall.session_.core[name] = () => {
      throw new WebAssembly.RuntimeError("unreachable");
    };
    await assert.rejects(context.patch({ n: 2 }), { code: "poisoned" });
    assert.deepEqual((await context.get()).data, { n: 1 });
    assert.deepEqual(await context.patch({ n: 3 }), { committed: true, version: 2 });
  });
}
