/** The platform's time: wall clock, monotonic clock, and timers that never keep a process alive. */

import type { Clock } from "./contract.js";

/** The longest delay that every platform's `setTimeout` understands. */
const LONGEST = 2 ** 31 - 1;

export const platformClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(wake, delay) {
    const timer: unknown = setTimeout(wake, Math.min(delay, LONGEST));
    // Node's and Deno's timers are objects that can let the process end; a browser's are numbers.
    if (typeof timer === "object" && timer !== null && "unref" in timer) (timer as { unref(): void }).unref();
    return () => clearTimeout(timer as number);
  },
};

/** One timer, set to the earliest of the times that it is asked for. */
export class Alarm {
  #wake: { readonly at: number; readonly cancel: () => void } | undefined;

  readonly #clock: Clock;
  readonly #ring: (late: number) => void;
  constructor(
    clock: Clock,
    /** Told by how many milliseconds the timer was late. */
    ring: (late: number) => void,
  ) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Rings `delay` milliseconds after now, which is monotonic, unless it will earlier anyhow. */
  set(now: number, delay: number): void {
    const clock = this.#clock;
    const at = now + delay;
    // One that is overdue may never come: some platforms end timers with the request that set them.
    if (this.#wake && this.#wake.at <= at && this.#wake.at > now) return;
    this.cancel();
    const cancel: unknown = clock.setTimer(() => {
      this.#wake = undefined;
      this.#ring(clock.monotonic() - at);
    }, delay);
    this.#wake = { at, cancel: typeof cancel === "function" ? (cancel as () => void) : () => {} };
  }

  /** Whether it is set. */
  get armed(): boolean {
    return this.#wake !== undefined;
  }

  /** Whether it should have rung by now. */
  get due(): boolean {
    return this.#wake !== undefined && this.#clock.monotonic() >= this.#wake.at;
  }

  cancel(): void {
    this.#wake?.cancel();
    this.#wake = undefined;
  }
}

/** How often a waiting process is woken: what for does not matter. */
const ALIVE_MS = 5_000;

/**
 * Opens once. Timers let a process end, but whoever waits for a gate is kept until it opens: so it must be one that
 * soon does.
 */
export class Gate {
  open: () => void = () => {};
  readonly #opened = new Promise<void>((resolve) => {
    this.open = resolve;
  });
  #waiting = false;

  get opened(): Promise<void> {
    if (!this.#waiting) {
      this.#waiting = true;
      const alive = setInterval(() => {}, ALIVE_MS);
      this.#opened.then(() => clearInterval(alive));
    }
    return this.#opened;
  }
}
