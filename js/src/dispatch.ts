/**
 * Calls the watchers.
 *
 * Order rules: a change is told after its commit is complete; all watchers of one change are called, in the order in
 * which they were opened, before any watcher of the next; what a watcher does is told after everything that is already
 * waiting. So a watcher never runs inside another, and nobody hears of a change twice, late or out of order.
 */

import type { Agent, Change, Metadata, Owner, Selector, Value } from "./contract.js";
import { StatehallError } from "./error.js";
import type { Pattern } from "./selector.js";
import { handOut } from "./value.js";

/** One open watch whose watcher is called, or whose changes are iterated over. */
export interface Watch {
  /** The kernel's number for it; another one after the kernel was built anew. */
  id: number;
  readonly selector: Selector;
  readonly pattern: Pattern;
  readonly owner: Owner | undefined;
  /** Called with each change; of an iterated watch, when its queue is no longer empty. */
  readonly watcher: (change: Change<never>) => unknown;
  readonly filter: ((change: Change<never>) => boolean) | undefined;
  readonly once: boolean;
  /** How many changes an iterated watch may have waiting; undefined if it is not iterated. */
  readonly capacity: number | undefined;
  closed: boolean;
  delivered: number;
  readonly stop: () => void;
}

/** What has changed. */
export interface Told {
  readonly key: string;
  readonly value: Value | undefined;
  readonly old: Value | undefined;
  readonly revision: number;
  readonly origin: Agent;
  readonly metadata: Metadata | undefined;
  readonly initial: boolean;
}

/** A change that is waiting to be told. */
interface Delivery extends Told {
  readonly watches: readonly Watch[];
}

/** The owner as the kernel knows it: a name. */
export function ownerName({ owner }: Watch): string | undefined {
  return typeof owner === "string" ? owner : undefined;
}

/** The change as one watch hears it. */
export function changeFor(watch: Watch, told: Told): Change {
  return {
    key: told.key,
    watched: watch.selector,
    value: told.value === undefined ? undefined : handOut(told.value),
    old: told.old === undefined ? undefined : handOut(told.old),
    revision: told.revision,
    origin: told.origin,
    metadata: told.metadata,
    initial: told.initial,
    deleted: told.value === undefined,
  };
}

/** Whether the watch's filter lets the change pass; one that throws is reported and lets nothing pass. */
export function passes(watch: Watch, change: Change, report: (error: unknown) => void): boolean {
  if (watch.filter === undefined) return true;
  try {
    return watch.filter(change as Change<never>);
  } catch (cause) {
    report(new StatehallError("callback-failed", `a filter of ${JSON.stringify(watch.selector)} threw`, { cause }));
    return false;
  }
}

/** How many told changes are kept before they are thrown away together. */
const CHUNK = 1_023;

export class Dispatcher {
  private readonly waiting: Delivery[] = [];
  private running = false;

  constructor(private readonly report: (error: unknown) => void) {}

  /** Tells the watches of a change, now or, inside a watcher, after what is waiting. */
  tell(delivery: Delivery): void {
    this.waiting.push(delivery);
  }

  /** Tells all that is waiting, unless a watcher is running: then that is told when it returns. */
  run(): void {
    if (this.running || this.waiting.length === 0) return;
    this.running = true;
    // Read by position and shortened now and then, so that a long queue is not moved at every step.
    for (let next = 0; next < this.waiting.length; next++) {
      const delivery = this.waiting[next] as Delivery;
      for (const watch of delivery.watches) if (!watch.closed) this.deliver(watch, delivery);
      if (next === CHUNK) {
        this.waiting.splice(0, CHUNK + 1);
        next = -1;
      }
    }
    this.waiting.length = 0;
    this.running = false;
  }

  private deliver(watch: Watch, delivery: Delivery): void {
    const change = changeFor(watch, delivery);
    if (!passes(watch, change, this.report)) return;
    watch.delivered++;
    if (watch.once) watch.stop();
    const failed = (cause: unknown) =>
      this.report(new StatehallError("callback-failed", `a watcher of ${JSON.stringify(watch.selector)} threw`, { cause }));
    try {
      const result: unknown = watch.watcher(change as Change<never>);
      // An asynchronous watcher fails later, and is reported all the same.
      if (result instanceof Promise) result.catch(failed);
    } catch (cause) {
      failed(cause);
    }
  }
}
