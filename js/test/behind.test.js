/**
 * Puts that the mirror takes by itself: nobody can tell them from puts that enter the kernel. A model says what a hall is
 * to hold and its watchers are to hear, a peer and a restored snapshot say what the kernel knows.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { turn } from "./support/clock.js";
import { begin, refused } from "./support/hall.js";
import { Network } from "./support/network.js";

const KEYS = ["a", "b", "c/1", "c/2", "d"];
const SEEDS = 40;
const STEPS = 150;

/** Numbers from 0 that are the same in every run (xorshift32). */
function randomFrom(seed) {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** One hall, what it is to hold, and what its watchers were and should have been told. */
class World {
  entries = new Map();
  told = [];
  expected = [];
  watches = [];
  order = [];
  iterated = [];
  behind = 0;

  constructor(t, seed) {
    this.random = randomFrom(seed);
    this.network = new Network();
    const limits = { bytes: 400 };
    Object.assign(this, begin(t, { share: [this.network.adapter("here")], limits }));
    this.peer = begin(t, { share: [this.network.adapter("there")], limits });
    this.other = this.hall.as("somebody else");
    // Counted, so that the test can say that puts were behind.
    const { core } = this.hall.session_;
    const catchUp = core.catch_up.bind(core);
    core.catch_up = (puts, now) => {
      this.behind += puts.length / 5;
      return catchUp(puts, now);
    };
  }

  pick = (list) => list[this.random(list.length)];

  value() {
    const n = this.random(4);
    return this.pick([n, `text ${n}`, { n }, [n, "x".repeat(this.random(60))], null, n / 3]);
  }

  /** What a change is to do to the model. */
  changed(key, value, facts = {}) {
    const old = this.entries.get(key)?.value;
    if (value === undefined) this.entries.delete(key);
    else this.entries.set(key, { value, ...facts });
    this.order = [...this.order.filter((other) => other !== key), key];
    for (const watch of this.watches) {
      if (watch.selector === "**" || watch.selector === key) this.expected.push([watch.id, key, old, value]);
    }
  }

  put(hall, key, value, options) {
    const old = this.entries.get(key);
    const { metadata, ttl } = options ?? {};
    let written;
    try {
      written = hall.put(key, value, options);
    } catch (error) {
      assert.equal(error.code, "limit", error.stack);
      return;
    }
    const same = old && JSON.stringify(old.value) === JSON.stringify(value);
    const kept = metadata === undefined || JSON.stringify(old?.metadata) === JSON.stringify(metadata);
    if (same && kept) {
      if (ttl === undefined) assert.equal(written.changed, false);
      else old.mortal = true;
      return;
    }
    assert.equal(written.changed, true);
    assert.equal(written.revision, hall.revision);
    this.changed(key, value, { metadata, origin: hall.agent, mortal: ttl !== undefined });
  }

  /** Puts and deletes in a batch, which may fail. */
  batch() {
    const before = structuredClone([...this.entries]);
    const fails = this.random(3) === 0;
    const writes = Array.from({ length: 1 + this.random(5) }, () => [this.pick(KEYS), this.value()]);
    try {
      this.hall.batch(() => {
        for (const [key, value] of writes) {
          this.hall.put(key, value);
          assert.deepEqual(this.hall.get(key), value);
        }
        if (fails) throw new RangeError("on purpose");
      });
    } catch (error) {
      assert.ok(error instanceof RangeError || error.code === "limit", error.stack);
      this.entries = new Map(before);
      return;
    }
    const text = JSON.stringify;
    const was = new Map(before);
    const now = new Map(before.map(([key, { value }]) => [key, value]));
    // In the order in which each key was first made something else, what it ended as.
    const written = new Set();
    for (const [key, value] of writes) {
      if (text(now.get(key)) !== text(value)) written.add(key);
      now.set(key, value);
    }
    for (const key of written) {
      const old = was.get(key);
      const plain = old && !old.metadata && !old.mortal;
      if (!plain || text(old.value) !== text(now.get(key)))
        this.changed(key, now.get(key), { origin: this.hall.agent });
    }
  }

  watch() {
    if (this.watches.length > 3) this.watches.splice(this.random(4), 1)[0].stop();
    const watch = { id: this.random(1_000_000), selector: this.pick([...KEYS, "**"]) };
    watch.stop = this.hall.watch(watch.selector, ({ key, old, value }) => this.told.push([watch.id, key, old, value]));
    this.watches.push(watch);
  }

  async step() {
    const { hall, random } = this;
    const what = random(100);
    if (what < 60) this.put(this.pick([hall, hall, this.other]), this.pick(KEYS), this.value());
    else if (what < 66)
      this.put(hall, this.pick(KEYS), this.value(), this.pick([{ ttl: 1e9 }, { metadata: { m: 1 } }]));
    else if (what < 72) this.delete(this.pick(KEYS));
    else if (what < 78) this.watch();
    else if (what < 82) this.iterate();
    else if (what < 88) await turn();
    else if (what < 94) this.check();
    else if (what < 97) this.batch();
    else await this.exchange();
  }

  delete(key) {
    if (this.hall.delete(key).changed) this.changed(key, undefined);
  }

  /** A watch that is iterated over comes or goes. */
  iterate() {
    const last = this.iterated.pop();
    if (last) last.return();
    else this.iterated.push(this.hall.watch(this.pick(KEYS), { capacity: 2 }));
  }

  /** What the kernel says, which catches up before it says it. */
  check() {
    const { hall } = this;
    const held = [...this.entries].map(([key, { value }]) => [key, value]).sort();
    assert.deepEqual([...hall.toMap("**")].sort(), held);
    for (const [key, { value, metadata, origin, mortal }] of this.entries) {
      const entry = hall.entry(key);
      assert.deepEqual([entry.value, entry.metadata, entry.origin], [value, metadata, origin]);
      assert.equal(entry.expires !== undefined, Boolean(mortal), key);
    }
    const changes = hall.changes(0);
    const order = this.order.filter((key) => changes.changes?.some((item) => item.key === key));
    const known = changes.changes?.filter(({ key }) => order.includes(key)).map(({ key }) => key) ?? order;
    assert.deepEqual(known, order, "changes come in the order of the last ones");
    assert.deepEqual(this.told, this.expected);
    const { mirror, core } = hall.session_;
    assert.equal(core.live(), mirror.held, "both sides count the same");
  }

  async exchange() {
    await this.network.exchange();
    assert.deepEqual([...this.peer.hall.toMap("**")].sort(), [...this.hall.toMap("**")].sort());
    assert.equal(this.peer.hall.usage().bytes, this.hall.usage().bytes, "the sum of bytes is kept exactly");
  }
}

test("puts behind are as other puts, whatever happens between them", async (t) => {
  let behind = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const world = new World(t, seed);
    await world.exchange();
    for (let step = 0; step < STEPS; step++) {
      try {
        await world.step();
      } catch (error) {
        error.message = `seed ${seed}, step ${step}: ${error.message}`;
        throw error;
      }
    }
    world.check();
    await world.exchange();
    assert.deepEqual(world.errors, []);
    behind += world.behind;
    world.hall.close();
    world.peer.hall.close();
  }
  assert.ok(behind > SEEDS * 10, `only ${behind} puts were behind: this tests something else`);
});

test("the limit of bytes is kept to the byte, and the next turn knows it", async (t) => {
  const { hall } = begin(t, { limits: { bytes: 100 } });
  hall.put("k", "");
  hall.put("k", "x");
  const rest = 100 - hall.usage().bytes;
  hall.put("k", "x".repeat(1 + 10));
  // From 24 bytes on a text has a head of two.
  const longest = "x".repeat(1 + rest - 1);
  refused("limit", () => hall.put("k", `${longest}x`), /bytes is at most 100, this needs 101/);
  assert.equal(hall.get("k"), "x".repeat(11));
  assert.equal(hall.put("k", longest).changed, true);
  await turn();
  assert.equal(hall.usage().bytes, 100);
  hall.put("k", 0);
  hall.put("k", longest);
  assert.equal(hall.usage().bytes, 100);
});

test("one agent's last puts keep its name when it leaves at once", async (t) => {
  const { hall } = begin(t);
  hall.put("k", 0);
  const ann = hall.as("ann");
  ann.put("k", 1);
  ann.put("k", 2);
  ann.close();
  assert.equal(hall.entry("k").origin, "ann");
});

test("a watcher that puts the key it watches hears each put once, in order", (t) => {
  const { hall } = begin(t);
  hall.put("k", 0);
  const told = [];
  hall.watch("k", ({ old, value }) => {
    told.push([old, value]);
    if (value < 5) hall.put("k", value + 1);
  });
  hall.put("k", 1);
  assert.deepEqual(
    told,
    [1, 2, 3, 4, 5].map((n) => [n - 1, n]),
  );
  assert.equal(hall.entry("k").revision, hall.revision);
});

test("a batch that is undone gives back the room that it took, and takes the room that it gave", (t) => {
  const { hall } = begin(t, { limits: { bytes: 1_000 } });
  hall.put("large", "x".repeat(800));
  for (const value of [1, 2]) hall.put("small", value);
  const undone = new RangeError("on purpose");
  const undo = (key, value) =>
    assert.throws(
      () =>
        hall.batch(() => {
          hall.put(key, value);
          throw undone;
        }),
      undone,
    );
  undo("large", 1);
  refused("limit", () => hall.put("small", "y".repeat(600)));
  const { room } = hall.session_;
  undo("small", "y".repeat(100));
  assert.equal(hall.session_.room, room);
  assert.ok(hall.usage().bytes <= 1_000);
});

test("update refuses a function that puts its key, in a batch that has put it before, too", (t) => {
  const { hall } = begin(t);
  for (const value of [1, 2]) hall.put("n", value);
  const twice = (n) => {
    hall.put("n", 50);
    return n + 1;
  };
  refused("conflict", () =>
    hall.batch(() => {
      hall.put("n", 3);
      hall.update("n", 0, twice);
    }),
  );
  assert.equal(hall.get("n"), 2);
});

test("a value that a batch puts back is the object it was", (t) => {
  const { hall } = begin(t);
  const before = { n: 1 };
  hall.put("a", before);
  hall.batch(() => {
    hall.put("a", { n: 2 });
    hall.put("a", { n: 1 });
  });
  assert.equal(hall.get("a"), before);
});

test("what a channel calls while it sends sees the kernel as it is, and its puts are told", async (t) => {
  const network = new Network();
  let work = () => {};
  const adapter = {
    open() {},
    send() {
      const now = work;
      work = () => {};
      now();
    },
    close() {},
  };
  const here = begin(t, { share: [network.adapter("here"), adapter] });
  const there = begin(t, { share: [network.adapter("there")] });
  const settle = async () => {
    for (let i = 0; i < 50; i++) {
      await network.exchange();
      for (const { clock } of [here, there]) await clock.advance(100);
    }
  };
  await settle();
  const { hall, clock } = here;
  for (const value of [1, 2]) hall.put("x", value);
  hall.put("mortal", 1, { ttl: 50 });
  const told = [];
  hall.watch("**", ({ key, revision }) => told.push([key, revision]));
  await turn();
  hall.put("x", 3);
  await turn();
  // It expires in the turn whose end sends this, before it is sent.
  clock.elapsed += 60;
  hall.put("x", 4);
  work = () => hall.put("x", 5);
  await settle();
  assert.deepEqual(told, [
    ["x", 4],
    ["x", 5],
    ["mortal", 6],
    ["x", 7],
  ]);
  assert.deepEqual(here.errors, []);
  assert.equal(there.hall.get("x"), 5);
});

test("a value that runs its caller's code while it is read finds the hall as that has left it", (t) => {
  const { hall } = begin(t);
  const told = [];
  const running = (n, work) => {
    let run = work;
    return new Proxy(
      { n },
      {
        getPrototypeOf(value) {
          const now = run;
          run = () => {};
          now();
          return Reflect.getPrototypeOf(value);
        },
      },
    );
  };
  for (const value of [1, 2]) hall.put("a", value);
  hall.put(
    "a",
    running(3, () => hall.delete("a")),
  );
  assert.deepEqual(hall.keys(), ["a"]);
  hall.put("a", 4);
  hall.put(
    "a",
    running(5, () => hall.watch("a", (change) => told.push([change.old?.n ?? change.old, change.value.n]))),
  );
  for (const value of [{ n: 6 }, { n: 7 }]) hall.put("a", value);
  hall.put(
    "a",
    running(9, () => hall.put("a", { n: 8 })),
  );
  assert.deepEqual(told, [
    [4, 5],
    [5, 6],
    [6, 7],
    [7, 8],
    [8, 9],
  ]);
  hall.put(
    "a",
    running(10, () => hall.put("a", 1, { metadata: { m: 1 } })),
  );
  assert.equal(hall.session_.mirror.cells.get("a").metadata, hall.entry("a").metadata);
  hall.put("a", 1);
  refused("closed", () =>
    hall.put(
      "a",
      running(11, () => hall.close()),
    ),
  );
});

test("puts that could not be told to the kernel are told the next time", async (t) => {
  const network = new Network();
  const { hall, errors, clock } = begin(t, { share: [network.adapter("here")] });
  const keys = Array.from({ length: 600 }, (_, n) => `k/${n}`);
  const agree = () => {
    for (const key of keys) assert.equal(hall.entry(key).revision, hall.session_.mirror.cells.get(key).revision);
  };
  // The second part of them meets a full stack, or a kernel that knows nothing of what it has granted.
  for (const problem of [new RangeError("Maximum call stack size exceeded"), "invalid-argument: not granted"]) {
    for (const value of [1, 2]) for (const key of keys) hall.put(key, value);
    hall.has("absent");
    for (const key of keys) hall.put(key, 3);
    const { core } = hall.session_;
    const catchUp = core.catch_up.bind(core);
    let calls = 0;
    core.catch_up = (puts, now) => {
      if (++calls === 2) throw problem;
      return catchUp(puts, now);
    };
    assert.throws(() => hall.has("absent"));
    agree();
    assert.deepEqual(
      keys.map((key) => hall.get(key)).filter((value) => value !== 3),
      [],
    );
  }
  await clock.advance(1_000);
  assert.deepEqual(errors, []);
});
