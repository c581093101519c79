/**
 * Whoever loads this beside realm.js can storm the context "counter", which counts all that was committed and who did.
 *
 * A writer commits many versions in one turn, each upon the one before, and says on a channel what was acknowledged:
 * outside of the store, where it stays when the writer is gone.
 */

import "./realm.js";

/** How many commits are asked for in one turn: fewer than a session may have without an answer. */
const TOGETHER = 30;

const channel = new BroadcastChannel("acknowledged");
/** What this writer knows: acknowledged, and asked for without ever hearing what came of it. */
const counts = { acknowledged: 0, unknown: 0 };
let storming = false;
let stormed = Promise.resolve();

/** The document after `n` more commits of this writer. */
const after = ({ count, by }, n) => ({ count: count + n, by: { ...by, [agent]: (by[agent] ?? 0) + n } });

async function storm() {
  const context = hall.context("counter");
  let known = await context.get();
  while (storming) {
    const { data, version } = known;
    const asked = Array.from({ length: TOGETHER }, (_, i) =>
      context.replace(after(data, i + 1), { expect: version + i }),
    );
    const answers = await Promise.allSettled(asked);
    const commits = answers.filter(({ status, value }) => status === "fulfilled" && value.committed);
    const failed = answers.filter(({ status }) => status === "rejected");
    counts.acknowledged += commits.length;
    counts.unknown += failed.length;
    channel.postMessage({ agent, ...counts });
    for (const { reason } of failed) if (reason.code !== "timeout") throw reason;
    if (commits.length > 0 || failed.length > 0) {
      // Whoever has won lets others win, too: what they have asked meanwhile comes before the next.
      await context.query().catch(() => {});
      known = await context.get();
    } else {
      const { version, value } = answers.at(-1).value;
      known = { data: value, version };
    }
  }
}

Object.assign(globalThis, {
  startStorm() {
    storming = true;
    stormed = storm().catch((error) => errors.push(`${error.code}: ${error.message}`));
  },
  async endStorm() {
    storming = false;
    await stormed;
    return counts;
  },
  /** Starts another writer, as a worker of this page; `endWorkers` has all of them end. */
  startStormingWorker(name) {
    const worker = new Worker(`/storm.js?agent=${name}&storm`, { type: "module" });
    workers.push(worker);
    return new Promise((resolve, reject) => {
      worker.onmessage = () => resolve();
      worker.onerror = ({ message }) => reject(new Error(message));
    });
  },
  endWorkers: () =>
    Promise.all(
      workers.map((worker) => {
        const ended = new Promise((resolve) => {
          worker.onmessage = ({ data }) => resolve(data);
        });
        worker.postMessage("end");
        return ended;
      }),
    ),
});

const workers = [];

if (new URLSearchParams(location.search).has("storm")) {
  startStorm();
  globalThis.onmessage = async () => postMessage({ agent, errors, ...(await endStorm()) });
}
