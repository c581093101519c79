/** Tasks: one asynchronous piece of work, with a deadline and a signal to cancel it. */

import { checkArgument, checkOptions } from "../check.js";
import type { Clock } from "../contract.js";
import { StatehallError } from "../error.js";
import type { Task, TaskOptions } from "./contract.js";
import type { Process } from "./process.js";

const taskOptions = { deadline: "positive", signal: "signal", owner: "record" } as const;
let tasks = 0;

/** Begins a task. However it ends, it ends once; nobody is troubled by a failure that its owner gets. */
export function begin<R>(work: (signal: AbortSignal) => R | Promise<R>, options: TaskOptions, clock: Clock): Task<R> {
  checkArgument("the work of a task", work, "callable");
  checkOptions(options, taskOptions);
  const { deadline, signal } = options;
  const owner = options.owner as Process | undefined;
  const id = ++tasks;
  const abort = new AbortController();
  const cancel = (reason: unknown = new StatehallError("closed", `task ${id} was cancelled`)) => abort.abort(reason);
  const follow = () => cancel(signal?.reason);
  const late = () => cancel(new StatehallError("timeout", `task ${id} has taken longer than ${deadline} ms`));
  const stop = deadline === undefined ? undefined : clock.setTimer(late, deadline);
  if (signal?.aborted) follow();
  signal?.addEventListener("abort", follow, { once: true });
  // Work that nobody waits for any more is cancelled.
  void owner?.done.then(() => cancel());
  const result = new Promise<R>((resolve, reject) => {
    abort.signal.addEventListener("abort", () => reject(abort.signal.reason), { once: true });
    abort.signal.throwIfAborted();
    // A promise that was resolved with another could not be rejected any more.
    Promise.resolve(work(abort.signal)).then(resolve, reject);
  });
  const end = (event: object) => {
    stop?.();
    signal?.removeEventListener("abort", follow);
    owner?.info(event);
  };
  result.then(
    (value) => end({ task: id, value }),
    (error) => end({ task: id, error }),
  );
  return { id, result, cancel };
}
