/**
 * Calls the watchers.
 *
 * Order rules: a change is told after its commit is complete; all watchers of one change are called, in the order in
 * which they were opened, before any watcher of the next; what a watcher does is told after everything that is already
 * waiting. So a watcher never runs inside another, and nobody hears of a change twice, late or out of order.
 */

import type { Change, Metadata, OwnerLike, Selector, Value } from "./contract.js";
import { StatehallError } from "./error.js";
import type { Pattern } from "./key.js";
import { handOut } from "./value.js";

/** One open watch whose watcher is called, or whose changes are iterated over. */
export interface Watch {
  /** The kernel's number for it; another one after the kernel was built anew. */
  id: number;
  readonly selector: Selector;
  readonly pattern: Pattern;
  readonly owner: OwnerLike | undefined;
  /** Called with each change; of an iterated watch, when its queue is no longer empty. */
  watcher: (change: Change<never>) => unknown;
  readonly filter: ((change: Change<never>) => boolean) | undefined;
  once: boolean;
  /** How many changes an iterated watch may have waiting; undefined if it is not iterated. */
  readonly capacity: number | undefined;
  closed: boolean;
  delivered: number;
  /** Changes that an iterated watch had missed when it ended. */
  missed: number;
  /** What its watcher or filter threw last. */
  lastError: StatehallError | undefined;
  /** Where its changes wait, if they are not delivered at once. */
  outlet: Outlet | undefined;
  readonly stop: () => void;
}

/** Where changes wait, as whoever lists, reads or ends the watch knows it. */
interface Outlet {
  /** The watch that hears what it lets out. */
  readonly target: Watch;
  readonly queued: number;
  readonly missed: number;
  take(): Told | undefined;
  end(): void;
}

/** What has changed. */
export type Told = { -readonly [name in keyof Change]: Change[name] };

/** The watches that hear a change. Most keys have one, and a list around it would be two more places in memory. */
export type Watches = Watch | readonly Watch[];

/** A change that is waiting to be told. */
interface Delivery {
  readonly watches: Watches;
  readonly told: Told;
}

/** The owner as the kernel knows it: a name. */
export function ownerName({ owner }: Watch): string | undefined {
  return typeof owner === "string" ? owner : undefined;
}

/** The change as one watch hears it. The last who hears of it gets what was told itself, the others copies. */
export function changeFor(watch: Watch, told: Told, last: boolean): Change {
  const change = last
    ? told
    : {
        key: told.key,
        watched: watch.selector,
        value: told.value,
        old: told.old,
        revision: told.revision,
        origin: told.origin,
        metadata: told.metadata,
        initial: told.initial,
        deleted: told.deleted,
      };
  change.watched = watch.selector;
  if (typeof told.value === "object") change.value = handOut(told.value as Value);
  if (typeof told.old === "object") change.old = handOut(told.old as Value);
  if (told.metadata !== undefined) change.metadata = handOut(told.metadata as Value) as Metadata;
  return change;
}

/** Whether the watch's filter lets the change pass; one that throws is reported and lets everything pass. */
export function passes(watch: Watch, change: Change, report: (error: unknown) => void): boolean {
  if (watch.filter === undefined) return true;
  try {
    const passed: unknown = watch.filter(change as Change<never>);
    if (!(passed instanceof Promise)) return Boolean(passed);
    passed.catch(() => {});
    throw new TypeError("it returned a promise: a filter must answer at once");
  } catch (cause) {
    report(failure("filter", watch, cause));
    return true;
  }
}

/** How many told changes are kept before they are thrown away together. */
const CHUNK = 1_024;

export class Dispatcher {
  private readonly waiting: Delivery[] = [];
  private running = false;
  /** How many of the waiting changes have been told. */
  private told = 0;

  readonly #report: (error: unknown) => void;
  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  /** How many changes are waiting to be told. */
  get backlog(): number {
    return this.waiting.length - this.told;
  }

  /** Tells the watches of a change after everything that is waiting. */
  tell(watches: Watches, told: Told): void {
    this.waiting.push({ watches, told });
  }

  /** Tells the watches of a change: at once if nothing is waiting and no watcher is running. */
  tellNow(watches: Watches, told: Told): void {
    if (this.running || this.waiting.length > 0) {
      this.tell(watches, told);
      return;
    }
    this.running = true;
    this.each(watches, told);
    this.running = false;
    if (this.waiting.length > 0) this.run();
  }

  /** Tells all that is waiting, unless a watcher is running: then that is told when it returns. */
  run(): void {
    const waiting = this.waiting;
    if (this.running || waiting.length === 0) return;
    this.running = true;
    // Read by position and shortened now and then, so that a long queue is not moved at every step.
    while (this.told < waiting.length) {
      const { watches, told } = waiting[this.told++] as Delivery;
      this.each(watches, told);
      if (this.told === CHUNK) waiting.splice(0, CHUNK);
      this.told %= CHUNK;
    }
    waiting.length = this.told = 0;
    this.running = false;
  }

  private each(watches: Watches, told: Told): void {
    if (!Array.isArray(watches)) {
      this.deliver(watches as Watch, told, true);
      return;
    }
    const last = watches.length - 1;
    for (let i = 0; i <= last; i++) this.deliver(watches[i], told, i === last);
  }

  /** Calls one watcher, if its watch is open and its filter lets the change pass. */
  deliver(watch: Watch, told: Told, last: boolean): void {
    if (watch.closed) return;
    const change = changeFor(watch, told, last);
    // A filter may end its own watch.
    if (watch.filter !== undefined && (!passes(watch, change, this.#report) || watch.closed)) return;
    watch.delivered++;
    if (watch.once) watch.stop();
    try {
      const result: unknown = watch.watcher(change as Change<never>);
      if (result instanceof Promise) this.#follow(watch, result);
    } catch (cause) {
      this.#report(failure("watcher", watch, cause));
    }
  }

  /** An asynchronous watcher fails later, and is reported all the same. */
  #follow(watch: Watch, result: Promise<unknown>): void {
    result.catch((cause) => this.#report(failure("watcher", watch, cause)));
  }
}

function failure(what: "watcher" | "filter", watch: Watch, cause: unknown): StatehallError {
  const detail = `a ${what} of ${JSON.stringify(watch.selector)} threw`;
  return (watch.lastError = new StatehallError("callback-failed", detail, { cause }));
}
