/**
 * The time of a hall in a Durable Object: its timer is the object's alarm.
 *
 * A `setTimeout` would keep the object in memory, and would be forgotten with it. An alarm is stored, and wakes an
 * object that is not in memory: so an entry expires on time although nobody asks for it.
 */

import type { Clock } from "statehall";

export class AlarmClock implements Clock {
  #wake: (() => void) | undefined;

  constructor(private readonly storage: DurableObjectStorage) {}

  now(): number {
    return Date.now();
  }

  monotonic(): number {
    return performance.now();
  }

  setTimer(wake: () => void, delay: number): () => void {
    this.#wake = wake;
    void this.storage.setAlarm(Date.now() + delay);
    return () => {
      if (this.#wake !== wake) return;
      this.#wake = undefined;
      void this.storage.deleteAlarm();
    };
  }

  /** Wakes the hall; to be called by the object's `alarm`. A hall that was not due sets its timer again. */
  ring(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
