/** Tasks: one asynchronous piece of work, with a deadline and a signal to cancel it. */

import { checkArgument, checkOptions } from "../check.js";
import type { Clock } from "../contract.js";
import { StatehallError } from "../error.js";
import type { Task, TaskOptions } from "./contract.js";
import { Process } from "./process.js";

/** What a task needs of the session. */
interface Host {
  readonly clock: Clock;
  report(error: unknown): void;
}

const taskOptions = { deadline: "positive", signal: "signal", owner: "record" } as const;
let tasks = 0;

/** Begins a task. However it ends, it ends once; nobody is troubled by a failure that its owner gets. */
export function begin<R>(work: (signal: AbortSignal) => R | Promise<R>, options: TaskOptions, host: Host): Task<R> {
  checkArgument("the work of a task", work, "callable");
  checkOptions(options, taskOptions);
  const { deadline, signal } = options;
  const owner = options.owner as unknown;
  if (owner !== undefined && !(owner instanceof Process))
    throw new StatehallError("invalid-argument", "the owner of a task is a machine");
  const id = ++tasks;
  const abort = new AbortController();
  const cancel = (reason: unknown = new StatehallError("closed", `task ${id} was cancelled`)) => abort.abort(reason);
  const follow = () => cancel(signal?.reason);
  const late = () => cancel(new StatehallError("timeout", `task ${id} has taken longer than ${deadline} ms`));
  const stop = deadline === undefined ? undefined : host.clock.setTimer(late, deadline);
  if (signal?.aborted) follow();
  signal?.addEventListener("abort", follow, { once: true });
  // Work that nobody waits for any more is cancelled.
  const orphaned = () => cancel();
  if (owner?.ended) orphaned();
  owner?.tasks_.add(orphaned);
  const result = new Promise<R>((resolve, reject) => {
    abort.signal.addEventListener("abort", () => reject(abort.signal.reason), { once: true });
    abort.signal.throwIfAborted();
    // A promise that was resolved with another could not be rejected any more.
    Promise.resolve(work(abort.signal)).then(resolve, reject);
  });
  const end = (event: object) => {
    stop?.();
    signal?.removeEventListener("abort", follow);
    owner?.tasks_.delete(orphaned);
    try {
      owner?.info(event);
    } catch (error) {
      host.report(error);
    }
  };
  result.then(
    (value) => end({ task: id, value }),
    (error) => end({ task: id, error }),
  );
  return { id, result, cancel };
}
