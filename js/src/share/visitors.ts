/** Telling those who want to know that somebody has come or gone. */

import { StatehallError } from "../error.js";

/** Calls each; what one throws is reported, and keeps nobody else from being called. */
export function tellVisitors(visitors: Iterable<() => void>, report: (error: unknown) => void): void {
  for (const visitor of visitors) {
    try {
      visitor();
    } catch (cause) {
      report(new StatehallError("callback-failed", "a watcher of the sessions threw", { cause }));
    }
  }
}
