/** Waits for a state: the watch it takes has ended when the promise is settled, however it is. */

import type { Change, UntilOptions } from "../contract.js";
import type { Watch } from "../dispatch.js";
import { StatehallError } from "../error.js";
import type { Session } from "../session.js";

type Ask = (change: Change) => void;

/** Opens a watch with initial values; `ended` is called when it ends. */
type Open = (ask: Ask, ended: () => void) => Watch;

/** The first change, or present state, for which the condition holds. */
export function until(
  session: Session,
  condition: (value: never, change: Change) => unknown,
  { signal, timeout }: UntilOptions,
  open: Open,
): Promise<Change> {
  return new Promise((resolve, reject) => {
    let settled = false;
    let watch: Watch | undefined;
    let cancel: unknown;
    const settle = (way: () => void) => {
      if (settled) return;
      settled = true;
      signal?.removeEventListener("abort", aborted);
      if (typeof cancel === "function") cancel();
      watch?.stop();
      way();
    };
    const fail = (error: unknown) => settle(() => reject(error));
    const closed = () => fail(new StatehallError("closed", "the hall was closed while somebody waited"));
    const aborted = () => fail(signal?.reason);
    const ask: Ask = (change) => {
      if (settled) return;
      try {
        const holds = condition(change.value as never, change);
        if (holds instanceof Promise) {
          holds.catch(() => {});
          throw new TypeError("it returned a promise: a condition must answer at once");
        }
        if (holds) settle(() => resolve(change));
      } catch (cause) {
        fail(new StatehallError("callback-failed", "the condition of watchUntil threw", { cause }));
      }
    };
    if (signal?.aborted) return aborted();
    signal?.addEventListener("abort", aborted);
    try {
      // While it is being opened, the end of a watch is that of an attempt.
      watch = open(ask, () => watch && closed());
    } catch (error) {
      return fail(error);
    }
    // The present state may have been enough, before there was a watch to stop.
    if (settled) return watch.stop();
    if (watch.closed) return closed();
    const { pattern, selector } = watch;
    for (const key of pattern[0] === "" ? pattern.slice(1) : pattern) {
      if (/(^|\/)\*\*?(\/|$)/.test(key) || session.find(key)?.value !== undefined) continue;
      const nothing = { value: undefined, old: undefined, metadata: undefined, initial: true, deleted: true };
      ask({ key, watched: selector, revision: session.revision, origin: "", ...nothing });
    }
    if (settled || timeout === undefined) return undefined;
    const late = `what watchUntil waits for has not come within ${timeout} ms`;
    cancel = session.clock.setTimer(() => fail(new StatehallError("timeout", late)), timeout);
    return undefined;
  });
}
