/** Machines, as strict programs see them: what infers, and what must not compile. */

import { openHall } from "statehall";
import { table } from "statehall/table";

const hall = openHall();

type Events = { cast: "flip" | "reset"; call: ["count", number] | [{ since: number }, string[]] };

const button = hall.machine({
  types: {} as Events,
  init: { state: "off", data: { flips: 0 } },
  states: {
    off: (event, data) => {
      if (event.type === "call") {
        if (event.content === "count") event.from.reply(data.flips);
        // @ts-expect-error: the reply to a count is a number
        if (event.content === "count") event.from.reply("one");
        return undefined;
      }
      if (event.type === "cast" && event.content === "reset") return { data: { flips: 0 } };
      return { next: "on", data: { flips: data.flips + 1 }, actions: [{ stateTimeout: 15 }, "postpone"] };
    },
    on: (event) => (event.type === "stateTimeout" ? { next: "off" } : undefined),
  },
});

const state: "off" | "on" = button.state;
const flips: number = button.data.flips;
button.cast("flip");
const count: Promise<number> = button.call("count");
const since: Promise<string[]> = button.call({ since: 5 }, { timeout: 100 });
button.watch((seen) => seen === "on");

// @ts-expect-error: there is no such event
button.cast("flop");
// @ts-expect-error: nobody answers that
button.call("counts");
// @ts-expect-error: a count is a number
const text: Promise<string> = button.call("count");
// @ts-expect-error: there is no such state
const lost: boolean = button.state === "broken";

const a = () => undefined;
// @ts-expect-error: a state without a function
hall.machine({ init: { state: "a" }, states: { a: () => ({ next: "b" }) } });
// @ts-expect-error: the first state has no function
hall.machine({ init: { state: "nowhere" }, states: { a } });
// @ts-expect-error: other data
hall.machine({ init: { state: "a", data: 1 }, states: { a: () => ({ data: "one" }) } });
// @ts-expect-error: an action that there is not
hall.machine({ init: { state: "a" }, states: { a: () => ({ actions: [{ jump: 1 }] }) } });
// @ts-expect-error: neither a function for all states nor one for each
hall.machine({ init: { state: "a" } });

const pair = hall.machine({
  init: { state: { at: 0 }, data: "x" },
  handle: (event, data) => (event.type === "cast" ? { next: { at: data.length } } : undefined),
});
const at: number = pair.state.at;

const counter = hall.server({
  types: {} as { call: ["next", number]; cast: number },
  init: () => 0,
  call: (_request, data, from) => (from ? { data: data + 1, reply: data } : undefined),
  cast: (by, data) => ({ data: data + by }),
});
const next: Promise<number> = counter.call("next");
// @ts-expect-error: a number is cast
counter.cast("one");

const door = table({ initial: "shut", states: { shut: {} } });
const running = hall.machine(door);
const can: boolean = door.can(running, "cast", "open");

const work = async (signal: AbortSignal) => (signal.aborted ? 0 : 1);
const done: Promise<number> = hall.task(work, { deadline: 10, owner: button }).result;
// @ts-expect-error: who hears of the end is a machine
hall.task(work, { owner: "button" });

export { at, can, count, done, flips, lost, next, since, state, text };
