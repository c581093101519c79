/** Starts machines and servers from their definitions. */

import { checkArgument, checkOptions } from "../check.js";
import { StatehallError } from "../error.js";
import type { RestoreOptions } from "./contract.js";
import { restored } from "./keep.js";
import type { Machines } from "./machines.js";
import type { Module, Place, Process } from "./process.js";

const restoreOptions = { snapshot: "record", timers: "timers" } as const;
const SERVER = "running";

type Given = Readonly<Record<string, unknown>>;

/** Starts what a definition defines. */
export function startMachine(machines: Machines, place: Place, definition: unknown, options?: RestoreOptions): Process {
  checkArgument("the definition of a machine", definition, "record");
  return begin(machines, place, definition as Module, options);
}

/** Starts a server: a machine with one state. */
export function startServer(machines: Machines, place: Place, definition: unknown, options?: RestoreOptions): Process {
  checkArgument("the definition of a server", definition, "record");
  const { init, name, terminate, ...functions } = definition as Given;
  for (const [kind, handle] of Object.entries(functions)) {
    if (kind === "types" || (handle === undefined && KINDS.includes(kind))) continue;
    const known = ["name", "types", "init", ...KINDS, "terminate"].join(", ");
    if (!KINDS.includes(kind)) throw invalid(`there is no member "${kind}" in a server; the members are ${known}`);
    checkArgument(`the function "${kind}"`, handle, "callable");
  }
  type Function = (content: unknown, data: unknown, ...rest: unknown[]) => unknown;
  const handle = (event: unknown, data: unknown, machine: unknown) => {
    const { type, content, from, name } = event as { type: string; content: unknown; from?: unknown; name?: string };
    const serve = functions[type] as Function | undefined;
    if (serve === undefined) return { stop: "bad-event" };
    const result = type === "call" ? serve(content, data, from, machine) : serve(content, data, machine, name);
    // A server has one state: what leads elsewhere is no return of it.
    const leaves = typeof result === "object" && result !== null && ("next" in result || "repeat" in result);
    return leaves ? [result] : result;
  };
  const initial = () => ({ state: SERVER, data: typeof init === "function" ? init() : init });
  return begin(machines, place, { name, init: initial, handle, terminate } as Module, options);
}

const KINDS = ["call", "cast", "info", "timeout"];

function begin(machines: Machines, place: Place, module: Module, options?: RestoreOptions): Process {
  check(module);
  machines.checkName(module.name);
  if (options !== undefined) {
    checkOptions(options, restoreOptions);
    return machines.restore(place, module, restored(options.snapshot), options.timers);
  }
  const initial = initialOf(module);
  const { state, data, actions = [] } = initial;
  return machines.start(place, module, state, data, actions as readonly unknown[]);
}

/** Refuses a definition that is none, before anything of it runs. */
function check(module: Module): void {
  const { name, init, handle, states, terminate } = module;
  if (name !== undefined) checkArgument("the name of a machine", name, "text");
  if (name === "") throw invalid("the name of a machine is not empty");
  if (init === undefined) throw invalid("a machine needs `init`");
  if ((handle === undefined) === (states === undefined)) throw invalid("a machine needs either `handle` or `states`");
  if (handle !== undefined) checkArgument("`handle`", handle, "callable");
  if (states !== undefined) checkArgument("`states`", states, "record");
  for (const [state, call] of Object.entries(states ?? {})) checkArgument(`the state "${state}"`, call, "callable");
  if (terminate !== undefined) checkArgument("`terminate`", terminate, "callable");
}

/** What `init` says. */
function initialOf({ init, name }: Module): Given {
  let initial: unknown;
  try {
    initial = typeof init === "function" ? init() : init;
  } catch (cause) {
    throw unstarted(name, "init threw", cause);
  }
  const known = typeof initial === "object" && initial !== null ? (initial as Given) : {};
  const { state, actions, stop, ignore } = known;
  if (stop !== undefined) throw unstarted(name, "init has stopped it", stop);
  if (ignore === true) throw unstarted(name, "init has ignored it", "ignore");
  const wrong = Object.keys(known).some((member) => !["state", "data", "actions"].includes(member));
  if (state === undefined || wrong || (actions !== undefined && !Array.isArray(actions)))
    throw unstarted(name, "bad-return-from-init: it returns { state, data, actions }", initial);
  return known;
}

function unstarted(name: string | undefined, why: string, cause: unknown): StatehallError {
  const shown = name === undefined ? "a machine" : `the machine "${name}"`;
  return new StatehallError("callback-failed", `${shown} was not started: ${why}`, { cause });
}

function invalid(detail: string): StatehallError {
  return new StatehallError("invalid-declaration", detail);
}
