/** Machines at their edges: halls that are closed meanwhile, and what functions should not return. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { table } from "statehall/table";
import { turn } from "../support/clock.js";
import { begin, refused } from "../support/hall.js";

const idle = { init: { state: "a" }, handle: () => {} };

for (const [where, definition, act] of [
  ["a function", (close) => ({ init: { state: "a" }, handle: () => close() }), (machine) => machine.cast(1)],
  ["terminate", (close) => ({ ...idle, terminate: () => close() }), (machine) => machine.stop()],
  ["a batch", () => idle, (_machine, hall) => hall.batch(() => hall.close())],
]) {
  test(`a hall that is closed in ${where} ends its machines, and no other's`, async (t) => {
    const { hall } = begin(t, { onError: () => {} });
    const other = begin(t);
    const bystander = other.hall.machine(idle);
    const machine = hall.machine(definition(() => hall.close()));
    const neighbour = hall.machine(idle);
    const call = assert.rejects(neighbour.call(1), { code: "closed" });
    try {
      act(machine, hall);
    } catch (error) {
      assert.equal(error.code, "closed");
    }
    await Promise.all([machine.done, neighbour.done, call]);
    assert.deepEqual(
      [machine.cast(1), neighbour.cast(1), bystander.ended, bystander.cast(1)],
      [false, false, false, true],
    );
    await turn();
    assert.deepEqual(other.errors, []);
  });
}

test("a handle that is closed takes its machines along, the others' stay", async (t) => {
  const { hall, errors } = begin(t);
  const ann = hall.as("ann");
  const mine = hall.machine({ ...idle, name: "mine" });
  const hers = ann.machine({ ...idle, name: "hers" });
  let late;
  hall
    .machine({
      init: { state: "a" },
      handle: () => {
        ann.close();
        late = hers.ended;
      },
    })
    .cast(1);
  await turn();
  assert.deepEqual(
    [late, hers.reason, mine.ended, hall.keys("processes/*").includes("processes/hers")],
    [true, { name: "killed" }, false, false],
  );
  assert.deepEqual(errors, []);
});

test("what cannot be read of a result ends the machine, and does not hold it up", async (t) => {
  const { hall } = begin(t, { onError: () => {} });
  const reasonOf = async (result) => {
    const machine = hall.machine({ init: { state: "a" }, handle: () => result() });
    machine.cast(1);
    const reason = await machine.done;
    return reason.name;
  };
  const thrower = {
    get next() {
      throw new Error("no");
    },
  };
  assert.equal(await reasonOf(() => thrower), "failed");
  assert.equal(await reasonOf(() => ({ actions: [{ timeout: 5, name: "\ud800" }] })), "bad-action-from-state-function");
  assert.equal(await reasonOf(async () => ({ next: "b" })), "bad-return-from-state-function");
  assert.equal(await reasonOf(() => new Map()), "bad-return-from-state-function");
  assert.equal(await reasonOf(() => ({ reply: 1 })), "bad-return-from-state-function");
  assert.equal(await reasonOf(() => ({ next: new Date(0) })), "bad-return-from-state-function");
  assert.equal(await reasonOf(() => ({ actions: [{ timeout: -0.5 }] })), "bad-action-from-state-function");
});

test("the actions of a machine that is refused are nobody's", async (t) => {
  const { hall } = begin(t);
  const heard = [];
  const handle = ({ content }) => void heard.push(content);
  const actions = [{ nextEvent: "internal", content: "boo" }];
  refused("invalid-value", () => hall.machine({ init: { state: () => {}, actions }, handle }));
  refused("invalid-key", () => hall.machine({ name: "*", init: { state: "a", actions }, handle }));
  hall.machine({ name: "taken", ...idle });
  refused("invalid-argument", () => hall.machine({ name: "taken", init: { state: "a", actions }, handle }));
  hall.machine({ init: { state: "a" }, handle });
  assert.deepEqual(heard, []);
});

test("a timer that is due when somebody looks comes, and no timer comes early", async (t) => {
  const { hall, clock } = begin(t);
  const heard = [];
  const machine = hall.machine({
    init: {
      state: "a",
      actions: [
        { timeout: 10, name: "soon" },
        { timeout: 1_000, name: "late" },
      ],
    },
    handle: ({ name }) => void heard.push([name, clock.elapsed]),
  });
  await turn();
  clock.elapsed = 10;
  // It has come, and waits.
  assert.deepEqual(machine.timers()[0], { type: "timeout", name: "soon", content: undefined, remaining: 0 });
  await turn();
  assert.deepEqual(heard.splice(0), [["soon", 10]]);
  clock.elapsed = 10.9;
  await turn();
  const other = hall.machine({
    init: { state: "a", actions: [{ timeout: 5, name: "x" }] },
    handle: () => void heard.push(clock.elapsed),
  });
  await clock.advance(4.9);
  assert.deepEqual([heard, other.ended], [[], false]);
  await clock.advance(1);
  assert.equal(heard.length, 1);
  assert.ok(heard[0] >= 15.9, String(heard[0]));
});

test("a reply goes to its own caller only", async (t) => {
  const { hall } = begin(t, { onError: () => {} });
  const other = begin(t);
  const froms = [];
  const keep = { init: { state: "a" }, handle: (event) => void (event.from && froms.push(event.from)) };
  const mine = hall.machine(keep);
  const theirs = other.hall.machine(keep);
  const call = mine.call(1);
  const foreign = theirs.call(1);
  const wrong = hall.machine({
    init: { state: "a" },
    handle: () => ({ actions: [{ reply: froms[1], value: "stolen" }] }),
  });
  wrong.cast(1);
  assert.equal((await wrong.done).name, "bad-action-from-state-function");
  froms[0].reply("mine");
  froms[1].reply("theirs");
  assert.deepEqual(await Promise.all([call, foreign]), ["mine", "theirs"]);
});

test("what a full mailbox refuses is let go, and a task whose owner is full says so", async (t) => {
  const { hall, errors } = begin(t, { limits: { mailbox: 1 } });
  const machine = hall.machine(idle);
  machine.suspend();
  machine.cast(1);
  const { words } = hall.session_.machines;
  const held = words.held;
  for (let n = 0; n < 100; n++) refused("limit", () => machine.cast(n));
  assert.equal(words.held, held);
  for (let n = 0; n < 100; n++) await assert.rejects(machine.call(n), { code: "limit" });
  assert.equal(words.held, held);
  await hall.task(() => 1, { owner: machine }).result;
  await turn();
  assert.deepEqual(
    errors.map(({ code }) => code),
    ["limit"],
  );
  refused("invalid-argument", () => hall.task(() => 1, { owner: {} }), /the owner of a task is a machine/);
});

test("a machine that kills itself has returned nothing", async (t) => {
  const { hall } = begin(t);
  const machine = hall.machine({
    init: { state: "a", data: 1 },
    handle: (_event, _data, self) => {
      self.kill();
      return { next: "b", data: 2 };
    },
  });
  machine.cast(1);
  assert.deepEqual([await machine.done, machine.state, machine.data], [{ name: "killed" }, "a", 1]);
});

test("equal states are one state, whatever their members are called", async (t) => {
  const { hall } = begin(t);
  let entered = 0;
  const machine = hall.machine({
    init: { state: { handle: 1 } },
    stateEnter: true,
    handle: (event) => {
      if (event.type === "enter") entered++;
      else return { next: { handle: 1 } };
    },
  });
  machine.cast(1);
  assert.equal(entered, 1);
  const long = "x".repeat(200_000);
  assert.deepEqual(hall.machine({ init: { state: [long] }, handle: () => {} }).state, [long]);
});

test("a table adds whole numbers as such, and says what it is no table for", async (t) => {
  const { hall } = begin(t);
  const add = (data) =>
    hall.machine(
      table({
        initial: "a",
        data: { n: data },
        states: { a: { rules: [{ on: "cast", do: [["add", "n", { event: true }]] }] } },
      }),
    );
  const machine = add(Number.MAX_SAFE_INTEGER);
  machine.cast(1);
  assert.equal(machine.data.n, 2n ** 53n);
  machine.cast(-1);
  assert.equal(machine.data.n, Number.MAX_SAFE_INTEGER);
  const half = add(1);
  half.cast(0.5);
  assert.equal(half.data.n, 1.5);
  refused("invalid-declaration", () => table({ initial: "a", states: { a: () => {} } }), /table: /);
});
