/**
 * Opening a hall.
 *
 * In a browser window or worker a hall's name stands for one session of the realm, and opening it again gives another
 * handle to that. Everywhere else each opening is a session of its own, shared with nobody unless it says so: one server
 * process holds many users, and must never hand one user's hall to another.
 */

import { checkArgument, checkOptions, hallOptions } from "./check.js";
import { platformClock } from "./clock.js";
import type { Adapter, Clock, DefaultSchema, HallOptions, Limits } from "./contract.js";
import { StatehallError } from "./error.js";
import { Hall } from "./hall.js";
import type { Hall as Handle } from "./handle.js";
import { Session } from "./session.js";
import { broadcastChannel } from "./share/channel.js";
import { follow } from "./share/lifecycle.js";

/** The sessions of this realm by name, and the options that each was asked for; empty outside browsers. */
const realm = new Map<string, readonly [session: Session, asked: readonly unknown[]]>();

/** Opens a hall, or gives another handle to one that is open in this browser realm. */
export function openHall<S = DefaultSchema>(options: HallOptions = {}): Handle<S> {
  checkOptions(options, hallOptions);
  const { name = "default", agent = "anonymous", onError } = options;
  const session = inBrowser() ? reopened(name, agent, options) : begun(name, agent, options);
  return new Hall(name, agent, session, onError) as unknown as Handle<S>;
}

function reopened(name: string, agent: string, options: HallOptions): Session {
  const asked = facts(options);
  const [open, before] = realm.get(name) ?? [];
  // Options that are not given are not in conflict with anything.
  if (open && differ(asked, facts({})) && differ(asked, before)) {
    const detail = `the hall "${name}" is already open here with other options; close it first, or give none`;
    throw new StatehallError("options-conflict", detail);
  }
  const session = open ?? begun(name, agent, options);
  if (!open) realm.set(name, [session, asked]);
  return session;
}

function begun(name: string, agent: string, options: HallOptions): Session {
  const {
    share = inBrowser(),
    clock = platformClock,
    limits = {},
    notify = true,
    seed = randomSeed(),
    durability,
  } = options;
  checkClock(clock);
  const adapters: readonly Adapter[] = share === true ? [broadcastChannel()] : share === false ? [] : share;
  const ended = () => {
    unfollow();
    if (realm.get(name)?.[0] === session) realm.delete(name);
  };
  const session = new Session({
    name,
    agent,
    adapters,
    tabs: share === true,
    durability,
    clock,
    seed,
    random: randomSeed,
    limits: given(limits),
    notify,
    ended,
  });
  const unfollow = follow(session);
  return session;
}

/** What must be the same at every opening of one session. A default is the same, whether it was given or not. */
function facts(options: HallOptions): unknown[] {
  const { share = true, seed, limits = {}, notify = true, clock = platformClock, durability = "relaxed" } = options;
  return [share, seed, Object.entries(given(limits)).sort().join(), notify, clock, durability];
}

function differ(some: readonly unknown[], others: readonly unknown[] | undefined): boolean {
  return some.some((fact, i) => fact !== others?.[i]);
}

/** The limits that are told. Their names and ranges are judged by the kernel. */
function given(limits: Partial<Limits>): Partial<Limits> {
  const told = Object.entries(limits).filter(([, max]) => max !== undefined);
  for (const [name, max] of told) {
    checkArgument("a limit's name", name, "text");
    checkArgument(`the limit "${name}"`, max, "whole");
  }
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
