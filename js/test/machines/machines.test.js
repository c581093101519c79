/** Machines, servers and tasks, as a user meets them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { StatehallError } from "statehall";
import { turn } from "../support/clock.js";
import { begin, refused, stateOf } from "../support/hall.js";

/** A button that goes off by itself, and counts. */
const button = {
  name: "button",
  init: { state: "off", data: { flips: 0 } },
  stateEnter: true,
  states: {
    off: (event, data) => {
      if (event.type === "cast") return { next: "on", data: { flips: data.flips + 1 } };
      return event.type === "call" ? { reply: data.flips } : undefined;
    },
    on: (event, data) => {
      if (event.type === "enter") return { actions: [{ stateTimeout: 15, content: "auto" }] };
      if (event.type === "stateTimeout" || event.type === "cast") return { next: "off" };
      return event.type === "call" ? { reply: data.flips } : undefined;
    },
  },
};

test("G55 a push button flips, waits and counts", async (t) => {
  const { hall, clock } = begin(t);
  const states = [];
  const machine = hall.machine(button);
  machine.watch((state) => states.push(state));
  assert.equal(machine.cast("flip"), true);
  assert.equal(machine.state, "on", "what was sent is handled at once");
  assert.deepEqual(machine.timers(), [{ type: "stateTimeout", content: "auto", remaining: 15 }]);
  await clock.advance(15);
  assert.equal(machine.state, "off");
  machine.cast("flip");
  assert.equal(await machine.call("count"), 2);
  await turn();
  assert.deepEqual(states, ["on", "off", "on"]);
});

test("the state stands in the hall, once a turn, until the machine ends", async (t) => {
  const { hall } = begin(t);
  const told = [];
  hall.watch("processes/*", ({ key, value }) => told.push([key, value]));
  const machine = hall.machine(button);
  assert.equal(machine.key, "processes/button");
  machine.cast("flip");
  machine.cast("flip");
  machine.cast("flip");
  await turn();
  assert.deepEqual(told.splice(0), [["processes/button", "on"]]);
  assert.deepEqual(await machine.stop(), { name: "normal" });
  assert.deepEqual([machine.ended, machine.cast("flip")], [true, false]);
  await assert.rejects(machine.call("count"), { code: "closed", detail: /"button" has ended: normal/ });
  await turn();
  assert.deepEqual(told, [["processes/button", undefined]]);
  const nameless = hall.machine({ ...button, name: undefined });
  await turn();
  assert.equal(hall.get(nameless.key), "off");
  assert.match(nameless.key, new RegExp(`^processes/${hall.session}\\.\\d+\\.\\d+$`));
});

test("a name is one machine's, until it ends", async (t) => {
  const { hall } = begin(t);
  const first = hall.machine(button);
  refused("invalid-argument", () => hall.machine(button), /the name "button" already/);
  first.kill();
  assert.deepEqual(await first.done, { name: "killed" });
  assert.equal(hall.machine(button).state, "off");
});

test("a day of timers passes at once", async (t) => {
  const { hall, clock } = begin(t);
  let ticks = 0;
  hall.machine({
    init: { state: "ticking", actions: [{ timeout: 60_000, name: "tick" }] },
    handle: (event) => {
      if (event.type !== "timeout") return undefined;
      ticks++;
      return { actions: [{ timeout: 60_000, name: "tick" }] };
    },
  });
  const started = process.hrtime.bigint();
  await clock.advance(86_400_000);
  assert.equal(ticks, 1_440);
  assert.ok(process.hrtime.bigint() - started < 5_000_000_000n);
});

test("a call ends by its reply, its time, its signal or the machine's end", async (t) => {
  const { hall, clock } = begin(t);
  const froms = [];
  const machine = hall.machine({
    init: { state: "waiting" },
    handle: (event) => {
      if (event.type === "call") froms.push(event.from);
    },
  });
  const late = machine.call("a", { timeout: 10 });
  const abort = new AbortController();
  const aborted = machine.call("b", { signal: abort.signal });
  const answered = machine.call("c");
  const left = machine.call("d");
  abort.abort(new Error("enough"));
  await assert.rejects(aborted, { message: "enough" });
  assert.equal(froms[2].reply("yes"), true);
  assert.equal(await answered, "yes");
  refused("invalid-argument", () => froms[2].reply("again"), /answered already/);
  const expired = assert.rejects(late, { code: "timeout", detail: /has not answered within 10 ms/ });
  await clock.advance(10);
  await expired;
  assert.deepEqual([froms[0].reply("late"), froms[1].reply("late")], [false, false]);
  const ended = assert.rejects(left, { code: "closed" });
  machine.stop("shutdown");
  await ended;
  await assert.rejects(machine.call("e", { signal: AbortSignal.abort(new Error("before")) }), { message: "before" });
  await assert.rejects(machine.call("e", { timeout: -1 }), { code: "invalid-argument" });
});

test("what fails ends its machine, and nothing else", async (t) => {
  const { hall, errors } = begin(t);
  const cleaned = [];
  const frail = hall.machine({
    name: "frail",
    init: { state: "a", data: 1 },
    handle: (event) => {
      hall.put("seen", event.content);
      throw new Error("oops");
    },
    terminate: (reason, data, machine) => cleaned.push([reason.name, data, machine.state]),
  });
  const other = hall.machine(button);
  const call = assert.rejects(frail.call(1), { code: "closed", detail: /failed: oops/ });
  await call;
  assert.deepEqual(cleaned, [["failed", 1, "a"]]);
  assert.equal(frail.reason.term.message, "oops");
  assert.equal(errors.length, 1);
  assert.ok(
    errors[0] instanceof StatehallError && errors[0].code === "callback-failed" && errors[0].cause.message === "oops",
  );
  other.cast("flip");
  assert.deepEqual([other.state, hall.get("seen")], ["on", 1]);
});

test("bad returns and actions are named as OTP names them, with what was wrong", async (t) => {
  const { hall } = begin(t, { onError: () => {} });
  const reasonOf = async (result, definition = {}) => {
    const machine = hall.machine({ init: { state: "a" }, handle: () => result, ...definition });
    machine.cast(1);
    return machine.done;
  };
  const bad = { timeout: -1 };
  assert.deepEqual(await reasonOf({ actions: [bad] }), { name: "bad-action-from-state-function", term: bad });
  for (const action of [
    { timeout: Number.NaN },
    { jump: 1 },
    null,
    "wait",
    { reply: 5 },
    { postpone: 1 },
    { nextEvent: "call" },
  ])
    assert.deepEqual(await reasonOf({ actions: [action] }), { name: "bad-action-from-state-function", term: action });
  for (const result of ["keep", 5, { nxt: "b" }, { next: "b", repeat: true }, { actions: 1 }, { repeat: 1 }])
    assert.deepEqual(await reasonOf(result), { name: "bad-return-from-state-function", term: result });
  assert.deepEqual(await reasonOf({ stop: "normal", actions: ["postpone"] }), {
    name: "bad-reply-action-from-state-function",
    term: "postpone",
  });
  assert.deepEqual(
    await reasonOf(
      { next: "nowhere" },
      {
        handle: undefined,
        states: { a: ({ type }) => (type === "enter" ? undefined : { next: "nowhere" }) },
        stateEnter: true,
      },
    ),
    {
      name: "undef",
    },
  );
  assert.equal(hall.machine(button).state, "off", "the hall is intact");
});

test("a definition that is none is refused, and nothing has happened", (t) => {
  const { hall } = begin(t);
  const before = stateOf(hall);
  for (const [definition, code] of [
    [undefined, "invalid-argument"],
    [[], "invalid-argument"],
    [{ init: { state: "a" } }, "invalid-declaration"],
    [{ init: { state: "a" }, handle: () => {}, states: {} }, "invalid-declaration"],
    [{ handle: () => {} }, "invalid-declaration"],
    [{ init: { state: "a" }, handle: 5 }, "invalid-argument"],
    [{ init: { state: "a" }, states: { a: 1 } }, "invalid-argument"],
    [{ name: "", init: { state: "a" }, handle: () => {} }, "invalid-declaration"],
    [{ name: "**", init: { state: "a" }, handle: () => {} }, "invalid-key"],
    [{ name: "x\ud800", init: { state: "a" }, handle: () => {} }, "invalid-argument"],
    [{ init: { state: () => {} }, handle: () => {} }, "invalid-value"],
    [{ init: "a", handle: () => {} }, "callback-failed"],
    [{ init: { state: "a", dta: 1 }, handle: () => {} }, "callback-failed"],
    [
      {
        init: () => {
          throw new Error("no");
        },
        handle: () => {},
      },
      "callback-failed",
    ],
  ])
    refused(code, () => hall.machine(definition));
  assert.deepEqual(stateOf(hall), before);
});

test("machines talk: nothing runs inside another, in the order of sending", (t) => {
  const { hall } = begin(t);
  const log = [];
  const echo = hall.machine({
    init: { state: "e" },
    handle: ({ content }) => {
      log.push(`echo ${content}`);
    },
  });
  const speaker = hall.machine({
    init: { state: "s" },
    handle: ({ content }, _data, self) => {
      log.push(`begin ${content}`);
      echo.cast(content);
      if (content < 3) self.cast(content + 1);
      log.push(`end ${content}`);
    },
  });
  speaker.cast(1);
  assert.deepEqual(log, ["begin 1", "end 1", "echo 1", "begin 2", "end 2", "echo 2", "begin 3", "end 3", "echo 3"]);
});

test("a batch holds messages until it is over, and what a function puts is not its part", (t) => {
  const { hall } = begin(t);
  const machine = hall.machine({
    init: { state: "a" },
    handle: ({ content }) => void hall.put("from machine", content),
  });
  assert.throws(() =>
    hall.batch(() => {
      hall.put("in batch", 1);
      machine.cast(7);
      assert.equal(machine.waiting, 1);
      throw new Error("undone");
    }),
  );
  assert.deepEqual([hall.get("in batch"), hall.get("from machine")], [undefined, 7]);
});

test("what is full is the sender's to see", (t) => {
  const { hall } = begin(t, { limits: { mailbox: 2 } });
  const machine = hall.machine({ init: { state: "a" }, handle: () => {} });
  machine.suspend();
  machine.cast(1);
  machine.cast(2);
  refused("limit", () => machine.cast(3), /mailbox is at most 2/);
  assert.equal(machine.waiting, 2);
  machine.resume();
  assert.equal(machine.waiting, 0);
});

test("postponed events have an age, and the last transitions are known", async (t) => {
  const { hall, clock } = begin(t);
  const machine = hall.machine({
    init: { state: "a" },
    states: {
      a: ({ content }) => (content === "go" ? { next: "b" } : { actions: ["postpone"] }),
      b: () => {},
    },
  });
  machine.cast("later");
  await clock.advance(5);
  assert.deepEqual(machine.postponed(), [{ type: "cast", content: "later", age: 5 }]);
  machine.cast("go");
  assert.deepEqual(machine.postponed(), []);
  assert.deepEqual(
    machine.trace().map(({ type, state, changed, postponed, at }) => [type, state, changed, postponed, at]),
    [
      ["start", "a", false, false, 0],
      ["cast", "a", false, true, 0],
      ["cast", "b", true, false, 5],
      ["cast", "b", false, false, 5],
    ],
  );
});

for (const [timers, due] of [
  ["deadline", 4],
  ["remaining", 10],
  ["restart", 15],
]) {
  test(`a machine goes on in another session: ${timers}`, async (t) => {
    const { hall, clock } = begin(t);
    const machine = hall.machine(button);
    machine.cast("flip");
    await clock.advance(5);
    const snapshot = JSON.parse(JSON.stringify(machine.snapshot()));
    await clock.advance(6);
    const other = begin(t);
    other.clock.elapsed = clock.elapsed;
    const again = other.hall.machine(button, { snapshot, timers });
    assert.deepEqual([again.state, again.data, again.timers()[0].remaining], ["on", { flips: 1 }, due]);
    await other.clock.advance(due - 1);
    assert.equal(again.state, "on");
    await other.clock.advance(1);
    assert.deepEqual([again.state, await again.call("count")], ["off", 1]);
  });
}

test("a snapshot that is none is refused", (t) => {
  const { hall } = begin(t);
  const machine = hall.machine(button);
  const good = machine.snapshot();
  machine.kill();
  const { state, ...stateless } = good;
  for (const [snapshot, code] of [
    [5, "invalid-argument"],
    [{}, "invalid-snapshot"],
    [{ ...good, version: 2 }, "newer-version"],
    [stateless, "invalid-snapshot"],
    [{ ...good, timers: [{ type: "cast", content: 1, due: 1, remaining: 1, length: 1 }] }, "invalid-snapshot"],
    [{ ...good, timers: [{ type: "timeout", content: 1, due: -2, remaining: 1, length: 1 }] }, "invalid-snapshot"],
    [{ ...good, queue: 1 }, "invalid-snapshot"],
    [{ ...good, mailbox: [{ type: "enter", content: 1, age: 0 }] }, "invalid-snapshot"],
    [{ ...good, postponed: [{ type: "cast", content: 1, age: -1 }] }, "invalid-snapshot"],
  ])
    refused(code, () => hall.machine(button, { snapshot }));
  refused("invalid-argument", () => hall.machine(button, { snapshot: good, timers: "never" }));
  assert.deepEqual([state, hall.machine(button, { snapshot: good }).state], ["off", "off"]);
});

test("a server has one state, and a function for each kind of event", async (t) => {
  const { hall, clock } = begin(t, { onError: () => {} });
  const counter = hall.server({
    name: "counter",
    init: () => 0,
    call: (request, count) => (request === "next" ? { data: count + 1, reply: count } : { stop: "unknown" }),
    cast: (by, count) => ({ data: count + by, actions: [{ timeout: 10, name: "reset" }] }),
    timeout: (_content, _count, _server, name) => (name === "reset" ? { data: 0 } : undefined),
  });
  assert.deepEqual([await counter.call("next"), await counter.call("next")], [0, 1]);
  counter.cast(40);
  assert.equal(counter.data, 42);
  await clock.advance(10);
  assert.equal(counter.data, 0);
  counter.info("what");
  assert.deepEqual(await counter.done, { name: "because", term: "bad-event" });
  refused("invalid-declaration", () => hall.server({ init: 0, cal: () => {} }), /there is no member "cal"/);
});

test("the end of a task is an event to its owner", async (t) => {
  const { hall, clock } = begin(t);
  const heard = [];
  const owner = hall.machine({ init: { state: "a" }, handle: ({ type, content }) => void heard.push([type, content]) });
  const task = hall.task(async () => 7, { owner });
  assert.equal(await task.result, 7);
  await turn();
  assert.deepEqual(heard.splice(0), [["info", { task: task.id, value: 7 }]]);
  let signal;
  const slow = hall.task(
    (given) => {
      signal = given;
      return new Promise(() => {});
    },
    { owner, deadline: 50 },
  );
  const late = assert.rejects(slow.result, { code: "timeout" });
  await clock.advance(50);
  await late;
  await turn();
  assert.equal(signal.aborted, true);
  assert.deepEqual([heard[0][1].task, heard[0][1].error.code], [slow.id, "timeout"]);
  const orphan = hall.task(() => new Promise(() => {}), { owner });
  const cancelled = assert.rejects(orphan.result, { code: "closed" });
  await owner.stop();
  await cancelled;
});

test("a hall that is closed ends its machines, each cleaning up, and takes their states away", async (t) => {
  const { hall } = begin(t);
  const other = hall.as("other");
  const reasons = [];
  const machine = hall.machine({ ...button, terminate: ({ name }) => reasons.push(name) });
  const call = assert.rejects(hall.machine({ init: { state: "a" }, handle: () => {} }).call(1), { code: "closed" });
  await turn();
  assert.equal(other.get("processes/button"), "off");
  hall.close();
  assert.deepEqual([reasons, machine.ended, other.keys("processes/*")], [["shutdown"], true, []]);
  await call;
  other.close();
});

test("a machine that never rests does not hold the others up", async (t) => {
  const { hall, clock } = begin(t);
  let count = 0;
  const restless = hall.machine({
    init: { state: "a" },
    handle: (_event, _data, self) => {
      count++;
      self.cast(1);
    },
  });
  restless.cast(1);
  const first = count;
  assert.ok(first > 1_000 && first < 1_000_000, `${first} in one turn`);
  assert.equal(restless.waiting, 1);
  await clock.advance(1);
  assert.ok(count > first);
  restless.kill();
});

test("contents that are not in use are let go", async (t) => {
  const { hall } = begin(t);
  const machine = hall.machine({ init: { state: 0 }, handle: ({ content }) => ({ next: { at: content } }) });
  for (let at = 0; at < 20_000; at++) machine.cast(at);
  assert.ok(hall.session_.machines.words.held < 3_000, `${hall.session_.machines.words.held} are held`);
  assert.deepEqual([machine.state, machine.trace().at(-1).state], [{ at: 19_999 }, { at: 19_999 }]);
});
