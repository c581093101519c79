/**
 * A clock that moves when it is told to, for tests: `openHall({ clock })`.
 *
 * A hall does what is due at the end of a turn of the host's loop, so whoever lets time pass also lets the loop turn.
 */

/** When every test begins, in Unix milliseconds. */
export const START = 1_700_000_000_000;

/** More timers than any test sets while time passes once. */
const MANY = 10_000;

export class ManualClock {
  /** Milliseconds since the start. */
  elapsed = 0;
  /** How often each reading was taken. */
  readings = { now: 0, monotonic: 0 };
  #start;
  #timers = new Map();

  constructor(start = START) {
    this.#start = start;
  }

  // Handed over as functions: a hall takes a clock as an object, and may take it apart.
  now = () => {
    this.readings.now++;
    return this.#start + this.elapsed;
  };

  monotonic = () => {
    this.readings.monotonic++;
    return this.elapsed;
  };

  setTimer = (wake, delay) => {
    const timer = {};
    this.#timers.set(timer, { due: this.elapsed + Math.max(0, delay), wake });
    return () => this.#timers.delete(timer);
  };

  /** How many timers wait. */
  get timers() {
    return this.#timers.size;
  }

  /** When the first timer is due, in milliseconds since the start. */
  get next() {
    return Math.min(...[...this.#timers.values()].map(({ due }) => due));
  }

  /** Lets time pass, from one timer to the next, each in a turn of its own. */
  async advance(ms) {
    await turn();
    const end = this.elapsed + ms;
    let wakes = 0;
    while (this.next <= end) {
      if (++wakes > MANY) throw new Error(`timers are set again and again; it is ${this.elapsed} ms after the start`);
      this.elapsed = Math.max(this.elapsed, this.next);
      const due = [...this.#timers].filter(([, { due }]) => due <= this.elapsed);
      for (const [timer, { wake }] of due) if (this.#timers.delete(timer)) wake();
      await turn();
    }
    this.elapsed = end;
  }
}

/** Ends a turn: everything that waits in microtasks happens. */
export function turn() {
  return new Promise((resolve) => setImmediate(resolve));
}
