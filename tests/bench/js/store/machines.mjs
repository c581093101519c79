/**
 * A machine of two states that an event moves back and forth, and that answers a call with how often it was moved.
 *
 * A subject is opened with how many events are to be counted, and gives `send`, which makes the machine take so many
 * events, `ask`, which waits for the answer of so many calls one after another, and `moved`, how often it was moved.
 * Erlang's gen_statem does the same in a process of its own: see ../foreign/door.erl.
 */

import { assign, createActor, setup, transition } from "xstate";
import { openBench } from "./hall.mjs";

const door = setup({
  actions: {
    count: assign({ moved: ({ context }) => context.moved + 1 }),
    answer: ({ context, event }) => event.reply(context.moved),
  },
}).createMachine({
  context: { moved: 0 },
  initial: "closed",
  states: {
    closed: { on: { push: { target: "open", actions: "count" } } },
    open: { on: { push: { target: "closed", actions: "count" } } },
  },
  on: { ask: { actions: "answer" } },
});
const push = { type: "push" };

/** What both states do: a cast moves it, a call is answered. */
const towards = (next) => (event, moved) => (event.type === "cast" ? { next, data: moved + 1 } : { reply: moved });

const hosted = {
  name: "statehall, a machine of a hall",
  async open() {
    const hall = await openBench();
    const init = { state: "closed", data: 0 };
    const machine = hall.machine({ name: "door", init, states: { closed: towards("open"), open: towards("closed") } });
    return {
      send(count) {
        for (let i = 0; i < count; i++) machine.cast("push");
      },
      async ask(count) {
        for (let i = 0; i < count; i++) await machine.call("moved");
      },
      moved: () => machine.data,
      close: () => hall.close(),
    };
  },
};

const actor = {
  name: "XState 5, an actor",
  open() {
    const machine = createActor(door).start();
    return {
      send(count) {
        for (let i = 0; i < count; i++) machine.send(push);
      },
      // It has no call: what asks brings a function that its answer is given to.
      async ask(count) {
        for (let i = 0; i < count; i++) await new Promise((reply) => machine.send({ type: "ask", reply }));
      },
      moved: () => machine.getSnapshot().context.moved,
      close: () => machine.stop(),
    };
  },
};

/** Without an actor: the next state is a value, and there is nobody to ask. */
const pure = {
  name: "XState 5, transition(), without an actor",
  open() {
    let snapshot = createActor(door).getSnapshot();
    return {
      send(count) {
        for (let i = 0; i < count; i++) [snapshot] = transition(door, snapshot, push);
      },
      moved: () => snapshot.context.moved,
    };
  },
};

/** Those that can be asked, and all of them. */
const askable = [hosted, actor];
const everyone = [...askable, pure];

const events = (peer) => ({
  name: peer.name,
  async open() {
    const { send, moved, close } = await peer.open();
    return {
      before: moved,
      run: (turn) => send(turn.length),
      check(turn, before) {
        if (moved() - before !== turn.length) throw new Error(`${peer.name}: not every event has moved it`);
      },
      close,
    };
  },
});

const calls = (peer) => ({
  name: peer.name,
  async open() {
    const { ask, close } = await peer.open();
    return { run: (turn) => ask(turn.length), check() {}, close };
  },
});

const keys = ["door"];
/** Fewer than elsewhere: XState takes microseconds for each event. */
const rounds = 24;

export const machines = [
  { table: "machine", name: "an event", keys, rounds, subjects: () => everyone.map(events) },
  { table: "machine", name: "a call and its answer", keys, rounds, subjects: () => askable.map(calls) },
];
