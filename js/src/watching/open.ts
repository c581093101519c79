/** Opening watches, whoever listens. */

import type { Change, Selector, WatchOptions } from "../contract.js";
import type { Watch } from "../dispatch.js";
import { StatehallError } from "../error.js";
import { patternOf } from "../key.js";
import { OpenOwner } from "../owners.js";
import type { Session } from "../session.js";
import { Outlet } from "./delivery.js";
import { filterOf } from "./filter.js";

export type Watcher = (change: Change) => unknown;

/** A handle to a hall, whose watches end with it. */
export interface Holder {
  readonly owned_: Set<Watch>;
  readonly closed: boolean;
}

/** What a watch needs besides what its user says. */
export interface Opened {
  readonly session: Session;
  /** Who ends it, if an owner is a handle: the handle that opened it first. */
  readonly holders: readonly Holder[];
  /** How many changes may wait in the kernel, of a watch that is read. */
  readonly capacity?: number | undefined;
  readonly ended?: (() => void) | undefined;
  /** The key of a variable, whose absence is initial as well. */
  readonly declared?: string | undefined;
}

/** Refuses an owner that is none. */
export function checkOwner({ owner }: WatchOptions, isHandle: boolean): void {
  if (typeof owner === "object" && !isHandle && !("aborted" in owner) && !(owner instanceof OpenOwner)) {
    const detail = "an owner is a name, what owner() has returned, an AbortSignal or a handle to a hall";
    throw new StatehallError("invalid-argument", detail);
  }
}

/** Refuses what is for changes that wait, if they do not. */
export function checkWaiting({ deliver = "now", capacity, overflow }: WatchOptions): void {
  if (deliver !== "now" || (capacity === undefined && overflow === undefined)) return;
  const detail = "capacity and overflow are for changes that wait: for a reader, or with deliver";
  throw new StatehallError("invalid-argument", detail);
}

/** Opens a watch. */
export function openWatch(selector: Selector, watcher: Watcher, options: WatchOptions, opened: Opened): Watch {
  const { session, holders, capacity, ended, declared } = opened;
  const { owner, signal, initial = false, filter, once = false, deliver = "now", overflow } = options;
  const signals = [signal, owner].filter((end): end is AbortSignal => typeof end === "object" && "aborted" in end);
  const watch: Watch = {
    closed: false,
    watcher: watcher as Watch["watcher"],
    filter: (typeof filter === "object" ? filterOf(filter, session.limits) : filter) as Watch["filter"],
    once,
    selector,
    delivered: 0,
    id: 0,
    pattern: patternOf(selector),
    owner: typeof owner === "string" || owner instanceof OpenOwner ? session.owners.use(owner) : owner,
    capacity,
    missed: 0,
    lastError: undefined,
    outlet: undefined,
    stop: () => {
      if (watch.closed) return;
      session.closeWatch(watch);
      watch.closed = true;
      watch.outlet?.end();
      for (const end of signals) end.removeEventListener("abort", watch.stop);
      for (const holder of holders) holder.owned_.delete(watch);
      ended?.();
    },
  };
  if (capacity === undefined && (deliver !== "now" || overflow !== undefined)) {
    const ready = deliver === "now" ? (watcher as () => void) : undefined;
    const outlet = new Outlet(session, { ...watch, filter: undefined }, options, ready);
    Object.assign(watch, { outlet, once: false, watcher: (change: Change) => outlet.accept(change) });
  }
  for (const end of signals) end.addEventListener("abort", watch.stop);
  for (const holder of holders) holder.owned_.add(watch);
  const aborted = signals.some((end) => end.aborted) || holders.some((end) => end.closed);
  try {
    session.openWatch(watch, initial && !aborted, declared);
  } catch (error) {
    watch.stop();
    throw error;
  }
  if (aborted) watch.stop();
  return watch;
}
