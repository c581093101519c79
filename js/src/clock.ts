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
