/**
 * What waits between a change and a watcher that is not called at once, or a reader whose changes are coalesced.
 *
 * The kernel's watch passes each change that its filter lets through to an outlet; the outlet tells a watch of its own,
 * with the same watcher, when its time has come: through the dispatcher, so that the order rules hold. Initial values
 * wait for readers only; they never go, and do not count. When the watch ends, what waits is let go.
 */

import type { Clock, Limits, WaitingOptions } from "../contract.js";
import type { Dispatcher, Told, Watch } from "../dispatch.js";
import { StatehallError } from "../error.js";

/** What an outlet needs of a session. */
interface Host {
  readonly clock: Clock;
  readonly dispatcher: Dispatcher;
  readonly limits: Limits;
  report(error: unknown): void;
}

/** How long a frame is where the platform has none. */
const FRAME_MS = 16;

export class Outlet {
  /** The oldest first: by key if changes of one key are made one, else by number. */
  readonly #waiting = new Map<string | number, Told>();
  #number = 0;
  #initials = 0;
  missed = 0;
  /** How many of the missed nobody has been told of. */
  #lost = 0;
  #armed = false;
  #cancel: unknown;

  /** When to call: a word, or after how many milliseconds. */
  readonly #when: string | number | undefined;
  readonly #overflow: string;
  readonly #capacity: number;
  readonly #host: Host;
  readonly #ready: (() => void) | undefined;
  constructor(
    host: Host,
    /** The watch that hears what the outlet lets out. */
    readonly target: Watch,
    { deliver, overflow = "coalesce", capacity = host.limits.queue }: WaitingOptions,
    /** Called when there is something to take; without it the watcher is called. */
    ready: (() => void) | undefined,
  ) {
    const { queue } = host.limits;
    this.#when = typeof deliver === "object" ? deliver.every : deliver;
    this.#overflow = overflow;
    this.#host = host;
    this.#ready = ready;
    this.#capacity = capacity;
    if (capacity > queue) throw new StatehallError("limit", `queue is at most ${queue}, this needs ${capacity}`);
  }

  /** How many changes wait. */
  get queued(): number {
    return this.#waiting.size;
  }

  /** Takes a change of the kernel's watch. */
  accept(change: Told): void {
    const { dispatcher } = this.#host;
    if (change.initial && !this.#ready) {
      dispatcher.deliver(this.target, change, true);
      return;
    }
    const place = this.#overflow === "coalesce" ? change.key : this.#number++;
    const first = this.#waiting.get(place);
    if (first?.old === undefined && first?.value !== undefined && change.value === undefined) {
      // What has come and gone meanwhile was never there.
      this.#remove(place, first);
      return;
    }
    if (!first && !change.initial && this.queued - this.#initials >= this.#capacity && !this.#makeRoom()) return;
    if (change.initial) this.#initials++;
    this.#waiting.set(place, first ? { ...change, old: first.old, initial: first.initial } : change);
    if (this.#ready) this.#ready();
    else if (!this.#armed) this.#arm();
  }

  /** Makes room for one more, or ends the watch. */
  #makeRoom(): boolean {
    if (this.#overflow === "close") {
      const { selector, stop } = this.target;
      stop();
      const detail = `a watch of ${JSON.stringify(selector)} has ended: more than its capacity of ${this.#capacity} changes waited`;
      this.#host.report(new StatehallError("limit", detail));
      return false;
    }
    for (const [place, change] of this.#waiting) {
      if (change.initial) continue;
      this.#remove(place, change);
      this.missed++;
      this.#lost++;
      break;
    }
    return true;
  }

  #remove(place: string | number, change: Told): void {
    this.#waiting.delete(place);
    if (change.initial) this.#initials--;
  }

  /** Takes the oldest change that waits. */
  take(): Told | undefined {
    for (const [place, change] of this.#waiting) {
      this.#remove(place, change);
      if (this.#lost > 0) change.missed = this.#lost;
      this.#lost = 0;
      return change;
    }
    return undefined;
  }

  #arm(): void {
    const flush = () => this.#flush();
    // Before the timer is set: a clock of one's own might ring at once.
    this.#armed = true;
    if (this.#when === "microtask") queueMicrotask(flush);
    else if (this.#when === "frame" && typeof requestAnimationFrame === "function") {
      const frame = requestAnimationFrame(flush);
      this.#cancel = () => cancelAnimationFrame(frame);
    } else this.#cancel = this.#host.clock.setTimer(flush, typeof this.#when === "number" ? this.#when : FRAME_MS);
  }

  #flush(): void {
    this.#armed = false;
    const { dispatcher } = this.#host;
    for (let change = this.take(); change !== undefined; change = this.take()) dispatcher.tell(this.target, change);
    dispatcher.run();
  }

  /** The watch has ended. */
  end(): void {
    this.target.closed = true;
    this.#waiting.clear();
    if (this.#armed && typeof this.#cancel === "function") this.#cancel();
  }
}
