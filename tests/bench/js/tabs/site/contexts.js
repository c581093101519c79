/**
 * Contexts where a browser stores them: in IndexedDB, each operation timed by itself and after the one before it. Beside
 * them what the browser offers by itself: a transaction that reads, compares and writes, and a Web Lock.
 */

import { openHall } from "/dist/entry/inline.js";
import { turn } from "./waiting.js";

const TURN = 50;
const TURNS_WARM = 4;
const TURNS = 14;

async function hall(durability) {
  const hall = openHall({ name: `contexts-${durability}`, agent: "planner", durability });
  await hall.ready;
  const plan = hall.context("plan");
  await plan.create({ step: 0, status: "running" });
  let { version } = await plan.get();
  return {
    async replace() {
      const commit = await plan.replace({ step: version, status: "running" }, { expect: version });
      if (!commit.committed || commit.version !== ++version) throw new Error("a replacement was refused");
    },
    async "acquire and release"() {
      const lease = await plan.acquire();
      if (!(await lease.release())) throw new Error("a lease was lost");
    },
    close: () => hall.close(),
  };
}

const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

async function bare(durability) {
  const opening = indexedDB.open(`bare-${durability}`, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore("rows");
  const database = await done(opening);
  let version = 0;
  return {
    replace: () =>
      new Promise((resolve, reject) => {
        const transaction = database.transaction("rows", "readwrite", { durability });
        const rows = transaction.objectStore("rows");
        const read = rows.get("plan");
        read.onsuccess = () => {
          if ((read.result?.version ?? 0) !== version) throw new Error("another version is stored");
          rows.put({ version: ++version, value: { step: version, status: "running" } }, "plan");
          transaction.commit();
        };
        transaction.oncomplete = resolve;
        transaction.onabort = () => reject(transaction.error);
      }),
    close: () => database.close(),
  };
}

const locks = async () => ({
  // The callback ends at once, and with it the lock.
  "acquire and release": () => navigator.locks.request("plan", () => {}),
  close() {},
});

const ways = {
  "statehall, in IndexedDB": () => hall("relaxed"),
  "a bare transaction of IndexedDB": () => bare("relaxed"),
  "statehall, in IndexedDB, durability strict": () => hall("strict"),
  "a bare transaction of IndexedDB, durability strict": () => bare("strict"),
  "a bare Web Lock": locks,
};

/** The milliseconds of each operation of each way: `[way, operation, times]`. The ways take turns. */
export async function measure() {
  if (!crossOriginIsolated) throw new Error("the tab is not isolated, so its clock is too coarse");
  const measured = [];
  for (const [name, open] of Object.entries(ways)) {
    const { close, ...operations } = await open();
    for (const [operation, work] of Object.entries(operations)) measured.push({ name, operation, work, times: [] });
    measured.at(-1).close = close;
  }
  for (let i = 0; i < TURNS_WARM + TURNS; i++) {
    for (const { work, times } of measured) {
      await turn();
      for (let n = 0; n < TURN; n++) {
        const start = performance.now();
        await work();
        if (i >= TURNS_WARM) times.push(performance.now() - start);
      }
    }
  }
  for (const { close } of measured) close?.();
  return measured.map(({ name, operation, times }) => [name, operation, times]);
}
