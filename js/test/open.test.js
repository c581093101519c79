/** Opening and closing: handles, privacy, time, `ready`, and the process that a hall must not keep alive. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { openHall } from "statehall";
import { ManualClock, START, turn } from "./support/clock.js";
import { begin, refused } from "./support/hall.js";
import { Network } from "./support/network.js";

const packageFolder = fileURLToPath(new URL("..", import.meta.url));

/** Runs a program of its own; resolves with what it prints, rejects if it does not end by itself. */
async function run(program, ...flags) {
  const args = [...flags, "--input-type=module", "--eval", program];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: packageFolder, timeout: 20_000 });
  return stdout.trim();
}

test("a hall opens without options", (t) => {
  const hall = openHall();
  t.after(() => hall.close());
  assert.deepEqual([hall.name, hall.agent, hall.closed, hall.revision], ["default", "anonymous", false, 0]);
  assert.match(hall.session, /^[0-9a-f]{16}$/);
  assert.ok(Object.isFrozen(hall.limits));
  assert.equal(hall.limits.valueBytes, 1_048_576);
});

test("two halls of one name in one process share nothing", async (t) => {
  const [{ hall: a }, { hall: b }] = [begin(t, { name: "users" }), begin(t, { name: "users" })];
  assert.notEqual(a.session, b.session);
  a.put("secret", 1);
  await turn();
  assert.equal(b.has("secret"), false);
  assert.deepEqual(
    b.sessions().map(({ id, agent, self }) => ({ id, agent, self })),
    [{ id: b.session, agent: "anonymous", self: true }],
  );
  assert.equal(a.usage().framesOut, 0);
});

test("the same seed gives the same session, another one another", (t) => {
  const open = (seed) => begin(t, { seed }).hall.session;
  assert.equal(open(7n), open(7n));
  assert.notEqual(open(7n), open(8n));
  assert.notEqual(begin(t, { seed: undefined }).hall.session, begin(t, { seed: undefined }).hall.session);
});

test("a handle acts for its agent, on the same session", (t) => {
  const { hall } = begin(t, { agent: "ann" });
  const bob = hall.as("bob");
  assert.deepEqual([bob.agent, bob.name, bob.session], ["bob", hall.name, hall.session]);
  bob.put("a", 1);
  assert.equal(hall.get("a"), 1);
  assert.equal(hall.entry("a").origin, "bob");
  hall.put("a", 2);
  assert.equal(bob.entry("a").origin, "ann");
  assert.equal(bob.as("ann").agent, "ann");
});

test("a closed handle is closed everywhere; the last one ends the session", (t) => {
  const { hall } = begin(t);
  const bob = hall.as("bob");
  hall.put("a", 1);
  const heard = [];
  hall.watch("**", ({ key }) => heard.push(key));
  bob.watch("**", () => heard.push("bob"));

  bob.close();
  bob.close();
  assert.deepEqual([bob.closed, hall.closed], [true, false]);
  hall.put("b", 1);
  assert.deepEqual(heard, ["b"]);
  refused("closed", () => bob.get("a"));

  const eve = hall.as("eve");
  hall.close();
  eve.put("c", 1);
  assert.deepEqual([heard, eve.get("c")], [["b"], 1]);
  eve[Symbol.dispose]();
  assert.equal(eve.closed, true);
});

test("everything asked of a closed handle is refused, except what it is and closing it again", (t) => {
  const { hall } = begin(t);
  const nothing = () => {};
  hall.close();
  const asked = {
    put: () => hall.put("a", 1),
    get: () => hall.get("a"),
    has: () => hall.has("a"),
    delete: () => hall.delete("a"),
    update: () => hall.update("a", 0, nothing),
    entry: () => hall.entry("a"),
    keys: () => hall.keys(),
    toMap: () => hall.toMap(),
    clear: () => hall.clear(),
    changes: () => hall.changes(0),
    batch: () => hall.batch(nothing),
    watch: () => hall.watch("a", nothing),
    iterate: () => hall.watch("a"),
    watches: () => hall.watches(),
    end: () => hall.end("ann"),
    as: () => hall.as("ann"),
    sessions: () => hall.sessions(),
    watchSessions: () => hall.watchSessions(nothing),
    usage: () => hall.usage(),
    snapshot: () => hall.snapshot(),
    restore: () => hall.restore(new Uint8Array(0)),
    export: () => hall.export(),
    revision: () => hall.revision,
  };
  for (const ask of Object.values(asked)) refused("closed", ask, /"default"/);
  assert.deepEqual([hall.name, hall.agent, hall.closed], ["default", "anonymous", true]);
  hall.close();
  return hall.ready;
});

test("an entry expires exactly when its time has come", async (t) => {
  const { hall, clock } = begin(t);
  const told = [];
  hall.watch("**", ({ key, deleted }) => told.push([key, deleted, clock.elapsed]));
  hall.put("a", 1, { ttl: 1_000 });
  await clock.advance(999);
  assert.equal(hall.get("a"), 1);
  hall.put("b", 1, { ttl: 1 });
  await clock.advance(1);
  assert.deepEqual([hall.has("a"), hall.has("b")], [false, false]);
  assert.deepEqual(told, [
    ["a", false, 0],
    ["b", false, 999],
    ["a", true, 1_000],
    ["b", true, 1_000],
  ]);
});

test("the clock is read once a turn, however much happens in it", async (t) => {
  const { hall, clock } = begin(t);
  hall.watch("**", ({ key, value }) => key === "n" && hall.put(`copy/${value % 10}`, value));
  await turn();
  const before = { ...clock.readings };
  for (let n = 0; n < 1_000; n++) hall.put("n", n);
  hall.batch(() => hall.put("m", 1, { ttl: 5_000 }));
  hall.delete("n");
  hall.clear("copy/*");
  assert.equal(clock.readings.now, before.now + 1);
  await turn();
  assert.deepEqual(clock.readings, { now: before.now + 1, monotonic: before.monotonic + 1 });
  for (let n = 0; n < 100; n++)
    [hall.get("m"), hall.has("x"), hall.keys(), hall.toMap(), hall.changes(0), hall.export()];
  await turn();
  // What may be due is looked for once, by the first read that could show it.
  assert.deepEqual(clock.readings, { now: before.now + 2, monotonic: before.monotonic + 3 });
});

test("all commands of a turn bear one time", async (t) => {
  const { hall, clock } = begin(t);
  hall.put("a", 1);
  clock.elapsed += 5;
  hall.put("b", 1);
  await turn();
  hall.put("c", 1);
  const updated = ["a", "b", "c"].map((key) => hall.entry(key).updated - START);
  assert.deepEqual(updated, [0, 0, 5]);
});

test("a closed hall leaves no timer", async (t) => {
  const network = new Network();
  const { hall, clock } = begin(t, { share: [network.adapter("a")] });
  hall.put("a", 1, { ttl: 1_000 });
  hall.delete("b", { touch: true });
  await turn();
  assert.ok(clock.timers > 0);
  hall.close();
  await turn();
  assert.equal(clock.timers, 0);
});

test("a private hall that rests sets no timer", async (t) => {
  const { hall, clock } = begin(t);
  hall.put("a", 1);
  hall.watch("**", () => {});
  hall.put("a", 2);
  await turn();
  assert.equal(clock.timers, 0);
});

test("what has expired and was deleted is forgotten, and the clock comes to rest", async (t) => {
  const { hall, clock } = begin(t);
  hall.put("alive", 1);
  hall.put("expired", 1, { ttl: 10 });
  hall.put("deleted", 1);
  hall.delete("deleted");
  await clock.advance(10);
  assert.equal(hall.usage().tombstones, 2);
  await clock.advance(600_000);
  assert.equal(hall.usage().tombstones, 0);
  assert.equal(clock.timers, 0);
});

test("ready: at once if private, after 250 ms if nobody answers, as soon as somebody does", async (t) => {
  const readyAt = ({ hall, clock }) => hall.ready.then(() => clock.elapsed);
  const alone = begin(t);
  assert.equal(await readyAt(alone), 0);

  const network = new Network();
  const first = begin(t, { share: [network.adapter("first")] });
  let ready;
  readyAt(first).then((at) => {
    ready = at;
  });
  await first.clock.advance(249);
  assert.equal(ready, undefined);
  await first.clock.advance(1);
  assert.equal(ready, 250);

  first.hall.put("a", 1);
  await network.take();
  const second = begin(t, { share: [network.adapter("second")] });
  second.hall.ready.then(() => {
    ready = second.hall.get("a");
  });
  await network.exchange();
  for (const { clock } of [first, second, first, second]) {
    await clock.advance(50);
    await network.exchange();
  }
  assert.equal(ready, 1);
});

test("sessions come and go, and whoever wants to know is told", async (t) => {
  const network = new Network();
  const { hall, clock, errors } = begin(t, { agent: "ann", share: [network.adapter("a")] });
  const seen = [];
  const names = (sessions) => sessions.map(({ agent }) => agent);
  hall.watchSessions(() => {
    throw new Error("disturbs nobody");
  });
  const stop = hall.watchSessions((sessions) => seen.push(names(sessions)));
  const guest = begin(t, { agent: "bob", share: [network.adapter("b")] });
  const settle = async () => {
    for (let i = 0; i < 10; i++) {
      for (const one of [clock, guest.clock]) await one.advance(50);
      await network.exchange();
    }
  };
  await settle();
  assert.deepEqual(seen.at(-1), ["ann", "bob"]);
  assert.deepEqual(names(hall.sessions()), ["ann", "bob"]);
  assert.equal(hall.usage().sessions, 2);
  assert.ok(hall.sessions().every(({ id, self, seen }) => self === (id === hall.session) && seen >= START));
  guest.hall.close();
  await settle();
  assert.deepEqual(seen.at(-1), ["ann"]);
  assert.ok(errors.length > 0 && errors.every(({ code }) => code === "callback-failed"));
  const told = seen.length;
  stop();
  begin(t, { agent: "cy", share: [network.adapter("c")] });
  await settle();
  assert.equal(seen.length, told);
});

test("an adapter that fails to send is reported, and the others are sent to", async (t) => {
  const sent = [];
  const adapter = (send) => ({ open() {}, close() {}, send });
  const failing = adapter(() => {
    throw new Error("no line");
  });
  const { hall, errors } = begin(t, { share: [failing, adapter((frame) => sent.push(frame))] });
  hall.put("a", 1);
  await turn();
  assert.ok(sent.length > 0);
  assert.equal(errors.length, sent.length);
});

test("an open hall keeps no process alive", async () => {
  const program = `
    import { openHall } from "statehall";
    const hall = openHall({ share: true });
    hall.put("a", 1, { ttl: 60_000 });
    hall.watch("**", () => {});
    hall.watch("**").next();
    process.on("exit", () => console.log("ended by itself"));`;
  assert.equal(await run(program), "ended by itself");
});

test("awaiting ready keeps the process alive until it comes", async () => {
  const program = `
    import { openHall } from "statehall";
    await openHall({ share: true }).ready;
    console.log("ready");`;
  assert.equal(await run(program), "ready");
});

test("without a kernel a hall does not open, and says what to do", async () => {
  const program = `
    import { readFileSync } from "node:fs";
    import { initSync, openHall } from "statehall/slim";
    try { openHall(); } catch (error) { console.log(error.name, error.code, /initSync/.test(error.detail)); }
    const kernel = readFileSync(new URL(import.meta.resolve("statehall/statehall.wasm")));
    initSync(kernel);
    initSync(kernel);
    console.log(openHall().put("a", 1).revision);`;
  const [name, code, advised, revision] = (await run(program)).split(/\s/);
  assert.deepEqual([name, advised, revision], ["StatehallError", "true", "1"]);
  assert.equal(code, "not-initialized");
});

test("a platform without BroadcastChannel says so, and a private hall opens there", async () => {
  const program = `
    import { openHall } from "statehall";
    delete globalThis.BroadcastChannel;
    try { openHall({ share: true }); } catch (error) { console.log(error.code); }
    console.log(openHall().put("a", 1).revision);`;
  const [code, revision] = (await run(program)).split(/\s/);
  assert.equal(code, "unsupported");
  assert.equal(revision, "1");
});

test("slim starts asynchronously as well, from bytes or a compiled module", async () => {
  const program = `
    import { readFileSync } from "node:fs";
    import { init, openHall } from "statehall/slim";
    const bytes = readFileSync(new URL(import.meta.resolve("statehall/statehall.wasm")));
    await init(await WebAssembly.compile(bytes));
    await init(bytes);
    console.log(openHall().put("a", 1).revision);`;
  assert.equal(await run(program), "1");
});

test("the manual clock that these tests use is a clock for anybody", async () => {
  const clock = new ManualClock(0);
  const woken = [];
  clock.setTimer(() => woken.push("late"), 20);
  clock.setTimer(() => woken.push("early"), 10);
  clock.setTimer(() => woken.push("never"), 10)();
  await clock.advance(10);
  assert.deepEqual([woken, clock.now(), clock.monotonic()], [["early"], 10, 10]);
  await clock.advance(10);
  assert.deepEqual(woken, ["early", "late"]);
});

test("what is due is gone for a reader even if the timer is late", async (t) => {
  const { hall, clock } = begin(t);
  hall.put("a", 1, { ttl: 20 });
  await turn();
  clock.elapsed += 60;
  assert.equal(hall.get("a"), undefined);
  assert.equal(hall.put("a", 2, { expect: 0 }).conflict, false);
});

test("closing inside a batch undoes the batch and tells what was written before it", async () => {
  const members = new Set();
  const bus = () => {
    let self;
    return {
      open({ receive }) {
        self = receive;
        members.add(self);
      },
      send: (frame) => {
        for (const receive of members) if (receive !== self) queueMicrotask(() => receive(frame));
      },
      close: () => members.delete(self),
    };
  };
  const [a, b] = [openHall({ share: [bus()] }), openHall({ share: [bus()] })];
  await b.ready;
  a.put("before", 1);
  const work = () => {
    a.put("inside", 1);
    a.close();
  };
  assert.throws(() => a.batch(work), { code: "closed" });
  for (let n = 0; n < 50 && !b.has("before"); n++) await turn();
  assert.deepEqual([b.has("before"), b.has("inside")], [true, false]);
  b.close();
});

test("an adapter that fails to open leaves nothing open", () => {
  const log = [];
  const good = { open: () => log.push("open"), send() {}, close: () => log.push("close") };
  const bad = {
    open() {
      throw new Error("no");
    },
    send() {},
    close() {},
  };
  assert.throws(() => openHall({ share: [good, bad] }), /no/);
  assert.deepEqual(log, ["open", "close"]);
});

test("an asynchronous filter lets everything pass, and is reported", async () => {
  const errors = [];
  const hall = openHall({ onError: (error) => errors.push(error.code) });
  const told = [];
  hall.watch("a", ({ value }) => told.push(value), { filter: async () => Promise.reject(new Error("late")) });
  hall.put("a", 1);
  await turn();
  assert.deepEqual([told, errors], [[1], ["callback-failed"]]);
  hall.close();
});
