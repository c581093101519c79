/** Node: the workers of the soak are threads of this process. */

import { setFlagsFromString } from "node:v8";
import { Worker } from "node:worker_threads";
import { Line } from "./line.mjs";

export async function startThreads() {
  setFlagsFromString("--expose-gc"); // for threads that are started from now on
  return {
    name: "Node threads",
    start: async (agent) => {
      const worker = new Worker(new URL("worker.js", import.meta.url), { workerData: { agent } });
      const line = new Line((message) => worker.postMessage(message));
      worker.on("message", (message) => line.hear(message));
      worker.on("error", (error) => line.fail(error));
      await line.open;
      return {
        ask: (deed, argument) => line.ask(deed, argument),
        measure: () => line.ask("measure"),
        kill: async () => {
          line.cut();
          await worker.terminate();
        },
      };
    },
    resident: () => process.memoryUsage.rss(),
    stop: () => {},
  };
}
