/**
 * What a thread of these tests runs: a hall over the adapter that `workerData` names, and functions sent by the test.
 * See threads.mjs for the other end.
 */

import { parentPort, workerData } from "node:worker_threads";
import { broadcastChannel, messagePort, openHall } from "../../js/dist/entry/inline.js";

const { agent, port } = workerData;
const hall = openHall({ name: "threads", agent, share: [port ? messagePort(port) : broadcastChannel()] });

/** Waits until a condition holds. */
async function until(condition) {
  const end = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`${agent} waited in vain for ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

Object.assign(globalThis, { hall, until });

parentPort.on("message", async ({ id, work, argument }) => {
  try {
    // biome-ignore lint/security/noGlobalEval: the code is the test's own
    parentPort.postMessage({ id, result: await globalThis.eval(`(${work})`)(argument) });
  } catch (error) {
    parentPort.postMessage({ id, error: String(error?.stack ?? error) });
  }
});
