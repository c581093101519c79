/** Contexts and leases that tabs and workers share: one store, whatever happens to a tab. */

import assert from "node:assert/strict";
import { everywhere, inTabs } from "./tabs.mjs";

/** How many commits the storm has to see. */
const COMMITS = 2_000;

/** Adds to the counter until told to stop; each addition has a name of its own. Notes what was acknowledged. */
const storm = async () => {
  const context = hall.context("counter");
  Object.assign(globalThis, { acknowledged: 0, storming: true });
  globalThis.storm = (async () => {
    let known = await context.get();
    while (globalThis.storming) {
      const { count, by } = known.data;
      const next = { count: count + 1, by: { ...by, [agent]: (by[agent] ?? 0) + 1 } };
      const commit = await context.replace(next, { expect: known.version });
      if (commit.committed) {
        globalThis.acknowledged++;
        // Whoever has won lets others win, too.
        await new Promise((resolve) => setTimeout(resolve, 20 * Math.random()));
      }
      known = commit.committed
        ? { data: next, version: commit.version }
        : { data: commit.value, version: commit.version };
    }
  })();
};

const patching = async () => {
  const context = hall.context("counter");
  Object.assign(globalThis, { acknowledged: 0, storming: true });
  globalThis.storm = (async () => {
    while (globalThis.storming) {
      const additions = [1, 2, 3].map(async (n) => {
        const key = `${agent} ${n}`;
        const { data, version } = await context.get();
        const change = { count: data.count + 1, by: { [key]: (data.by[key] ?? 0) + 1 } };
        const commit = await context.patch(change, { expect: version });
        if (commit.committed) globalThis.acknowledged++;
      });
      await Promise.all(additions);
    }
  })();
};

inTabs(
  "tabs and workers storm one context, some are closed: no acknowledged update is lost, none made twice",
  async (tabs, print) => {
    const [a, b, c, d] = await Promise.all(["a", "b", "c", "d"].map((agent) => tabs.open(agent)));
    const worker = await tabs.startWorker(a, "worker");
    await a.evaluate(() => hall.context("counter").create({ count: 0, by: {} }));
    await everywhere([a, b, c, worker], storm);
    await d.evaluate(patching);
    const count = () => a.evaluate(async () => (await hall.context("counter").get()).data.count);
    const began = Date.now();
    // What a tab has acknowledged until just before it goes is the least that must be there.
    const gone = {};
    while ((await count()) < COMMITS / 2);
    gone.b = await b.evaluate(() => acknowledged);
    await b.close();
    gone.c = await c.evaluate(() => acknowledged);
    const devtools = await tabs.context.newCDPSession(c);
    devtools.send("Page.crash").catch(() => {});
    await c.waitForEvent("crash");
    while ((await count()) < COMMITS);
    const left = [a, d, worker];
    await everywhere(left, () => {
      globalThis.storming = false;
      return globalThis.storm;
    });
    const acknowledged = await everywhere(left, () => acknowledged);
    const { data, version } = await a.evaluate(() => hall.context("counter").get());
    const seconds = (Date.now() - began) / 1000;
    print(`${version - 1} commits in ${seconds.toFixed(1)} s`);
    // Each commit has added one, and each by its own name: none twice, none lost.
    assert.equal(version, data.count + 1);
    const sums = {};
    for (const [name, n] of Object.entries(data.by)) {
      const [tab] = name.split(" ");
      sums[tab] = (sums[tab] ?? 0) + n;
    }
    assert.equal(
      Object.values(sums).reduce((sum, n) => sum + n),
      data.count,
    );
    assert.deepEqual([sums.a, sums.d, sums.worker], acknowledged);
    assert.ok(sums.b >= gone.b && sums.c >= gone.c && gone.b > 0 && gone.c > 0, JSON.stringify({ sums, gone }));
    for (const agent of ["a", "d", "worker"]) assert.ok(sums[agent] > 0, `${agent} has had its turn`);
  },
);

inTabs("a lease goes to the next in line, tab by tab, when its tab is closed", async (tabs) => {
  const [a, b, c] = await Promise.all(["a", "b", "c"].map((agent) => tabs.open(agent)));
  await a.evaluate(async () => {
    globalThis.lease = await hall.context("chair").acquire({ ttl: 60_000 });
  });
  const wait = () => {
    globalThis.got = undefined;
    hall
      .context("chair")
      .acquire({ ttl: 60_000 })
      .then((lease) => {
        globalThis.got = lease;
      });
  };
  const inLine = (tab, wanted) =>
    tab.evaluate(async (wanted) => {
      while ((await hall.context("chair").query()).waiting.join() !== wanted) await pause();
    }, wanted);
  await b.evaluate(wait);
  await inLine(c, "b");
  await c.evaluate(wait);
  await inLine(c, "b,c");
  const fences = [await a.evaluate(() => lease.fence)];
  await a.close();
  await b.evaluate(() => until(() => globalThis.got));
  fences.push(await b.evaluate(() => got.fence));
  assert.equal(await c.evaluate(() => got), undefined);
  // A crashed tab gives nothing back.
  const devtools = await tabs.context.newCDPSession(b);
  devtools.send("Page.crash").catch(() => {});
  await b.waitForEvent("crash");
  await c.evaluate(() => until(() => globalThis.got));
  fences.push(await c.evaluate(() => got.fence));
  assert.deepEqual(
    fences,
    [...fences].sort((x, y) => x - y),
  );
  assert.equal(new Set(fences).size, 3);
  assert.deepEqual(
    await c.evaluate(async () => (await hall.context("chair").create(1, { lease: got })).committed),
    true,
  );
});

inTabs("contexts are there when all tabs have gone, and versions go on", async (tabs) => {
  const first = await tabs.open("a");
  await first.evaluate(() => hall.context("x").create({ n: 1 }));
  await first.close();
  const second = await tabs.open("b");
  const found = await second.evaluate(async () => [
    (await hall.contexts()).map(({ id, version }) => [id, version]),
    await hall.context("x").replace({ n: 2 }, { expect: 1 }),
  ]);
  assert.deepEqual(found, [[["x", 1]], { committed: true, version: 2 }]);
});

inTabs("a database that is closed or deleted from outside is opened again", async (tabs) => {
  const [a, b] = await Promise.all(["a", "b"].map((agent) => tabs.open(agent)));
  assert.deepEqual(await a.evaluate(() => hall.context("x").create(1)), { committed: true, version: 1 });
  await b.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const request = indexedDB.deleteDatabase("statehall:main");
        request.onsuccess = resolve;
        request.onerror = reject;
      }),
  );
  // A store that is lost begins anew.
  assert.deepEqual(await b.evaluate(() => hall.context("x").create(2)), { committed: true, version: 1 });
  assert.deepEqual((await a.evaluate(() => hall.context("x").get())).data, 2);
});

inTabs("where there is no store in common, strict calls say so", async (tabs) => {
  const page = await tabs.open();
  await page.evaluate(() => {
    globalThis.hall = undefined;
  });
  const frame = await tabs.addFrame(page, "sandboxed", "allow-scripts");
  const code = await frame.evaluate(() =>
    hall
      .context("x")
      .create(1)
      .catch(({ code }) => code),
  );
  assert.equal(code, "no-authority");
});
