/**
 * Opening a hall.
 *
 * In a browser window or worker a hall's name stands for one session of the realm, and opening it again gives another
 * handle to that. Everywhere else each opening is a session of its own, shared with nobody unless it says so: one server
 * process holds many users, and must never hand one user's hall to another.
 */

import { checkArgument, checkOptions, hallOptions } from "./check.js";
import { platformClock } from "./clock.js";
import type * as contract from "./contract.js";
import type { Adapter, Clock, DefaultSchema, HallOptions, Limits } from "./contract.js";
import { StatehallError } from "./error.js";
import { Hall, Handles } from "./hall.js";
import { follow } from "./lifecycle.js";
import { Session } from "./session.js";
import { broadcastChannel } from "./share/channel.js";

/** The sessions of this realm, by name; empty outside browsers. */
const realm = new Map<string, { readonly session: Session; readonly handles: Handles; readonly asked: string }>();

/** Opens a hall, or gives another handle to one that is open in this browser realm. */
export function openHall<S = DefaultSchema>(options: HallOptions = {}): contract.Hall<S> {
  checkOptions(options, hallOptions);
  const { name = "default", agent = "anonymous", onError } = options;
  const handle = inBrowser() ? reopened(name, options) : begun(name, options);
  return new Hall(name, agent, handle.session, handle.handles, onError) as unknown as contract.Hall<S>;
}

function reopened(name: string, options: HallOptions) {
  const asked = fingerprint(options);
  const open = realm.get(name);
  if (open && !open.session.closed) {
    // Options that are not given are not in conflict with anything.
    if (asked !== "" && asked !== open.asked) {
      const detail = `the hall "${name}" is already open here with other options; close it first, or open it without options`;
      throw new StatehallError("options-conflict", detail);
    }
    return open;
  }
  const opened = { ...begun(name, options), asked };
  realm.set(name, opened);
  return opened;
}

function begun(name: string, options: HallOptions) {
  const { agent = "anonymous", share = inBrowser(), clock = platformClock, limits = {}, notify = true } = options;
  checkClock(clock);
  const seed = options.seed ?? randomSeed();
  const adapters: readonly Adapter[] = share === true ? [broadcastChannel()] : share === false ? [] : share;
  const session = new Session({ name, agent, adapters, clock, seed, limits: given(limits), notify });
  const unfollow = follow(session);
  const handles = new Handles(session, () => {
    unfollow();
    if (realm.get(name)?.session === session) realm.delete(name);
  });
  return { session, handles };
}

/** What of the options must be the same at every opening of one session. */
function fingerprint({ share = true, seed, limits = {}, notify = true, clock = platformClock }: HallOptions): string {
  // A default is the same, whether it was given or not.
  const unlike = [
    share !== true && numbered(share),
    seed !== undefined && seed,
    Object.keys(limits).length > 0 && JSON.stringify(limits),
    !notify && "silent",
    clock !== platformClock && numbered(clock),
  ];
  return unlike.every((part) => part === false) ? "" : unlike.join("\n");
}

const numbers = new WeakMap<object, number>();
let numberGiven = 0;

/** Tells objects apart. */
function numbered(thing: unknown): string {
  if (typeof thing !== "object" || thing === null) return String(thing);
  let number = numbers.get(thing);
  if (number === undefined) numbers.set(thing, (number = ++numberGiven));
  return `#${number}`;
}

/** The limits that are told. Their names and ranges are judged by the kernel. */
function given(limits: Partial<Limits>): Partial<Limits> {
  const told = Object.entries(limits).filter(([, max]) => max !== undefined);
  for (const [name, max] of told) checkArgument(`the limit "${name}"`, max, "whole");
  return Object.fromEntries(told);
}

function checkClock(clock: Clock): void {
  for (const name of ["now", "monotonic", "setTimer"] as const) checkArgument(`clock.${name}`, clock[name], "callable");
}

function randomSeed(): bigint {
  try {
    return crypto.getRandomValues(new BigUint64Array(1))[0] as bigint;
  } catch (cause) {
    // As Cloudflare's runtime does while a Worker starts.
    const detail = "this platform gives no randomness here: open the hall inside a request's handler, or pass a seed";
    throw new StatehallError("unsupported", detail, { cause });
  }
}

/** Whether this is a window or worker of a browser, rather than a server's runtime that looks like one. */
function inBrowser(): boolean {
  const scope = globalThis as {
    Window?: { new (): unknown };
    WorkerGlobalScope?: { new (): unknown };
    Deno?: unknown;
    process?: { versions?: { node?: string } };
  };
  if (scope.Deno !== undefined || scope.process?.versions?.node !== undefined) return false;
  if (typeof BroadcastChannel === "undefined") return false;
  return [scope.Window, scope.WorkerGlobalScope].some(
    (realm) => typeof realm === "function" && globalThis instanceof realm,
  );
}
