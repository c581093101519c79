/** Starts threads in which tests run functions, as playwright runs them in pages. */

import { Worker } from "node:worker_threads";

/** Starts a thread that is in the hall "threads", over BroadcastChannel or over a port of its own. */
export function startThread(agent, port) {
  const worker = new Worker(new URL("thread.js", import.meta.url), {
    workerData: { agent, port },
    transferList: port ? [port] : [],
  });
  const asked = new Map();
  worker.on("message", ({ id, result, error }) => {
    const { resolve, reject } = asked.get(id);
    asked.delete(id);
    if (error) reject(new Error(error));
    else resolve(result);
  });
  worker.on("error", (error) => {
    for (const { reject } of asked.values()) reject(error);
  });
  let last = 0;
  return {
    /** Runs a function in the thread, where `hall` and `until` are at hand. */
    evaluate: (work, argument) =>
      new Promise((resolve, reject) => {
        asked.set(++last, { resolve, reject });
        worker.postMessage({ id: last, work: String(work), argument });
      }),
    stop: () => worker.terminate(),
  };
}
