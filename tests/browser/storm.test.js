/** A storm on one context, in which tabs are closed, killed and frozen: what was acknowledged is there, and once. */

import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { everywhere, inTabs } from "./tabs.mjs";

/** How many commits the storm has to see. */
const COMMITS = 20_000;
/** How many a writer may have asked for and never heard of when it is gone: see site/storm.js. */
const TOGETHER = 30;
/** How long a frozen tab sleeps. */
const SLEEP_MS = 1_500;
const PATIENCE_MS = 240_000;

inTabs(
  "tabs and workers storm one context while tabs are closed, killed and frozen: nothing acknowledged is lost or doubled",
  async (tabs, print) => {
    const agents = ["stays", "sleeps", "closed", "killed", "late"];
    const tab = Object.fromEntries(
      await Promise.all(agents.slice(0, 4).map(async (agent) => [agent, await tabs.openHideable(agent)])),
    );
    const watches = await tabs.openHideable("watches");
    await watches.evaluate(async () => {
      // What the writers say, the last word of each: outside of the store, and of their processes.
      globalThis.said = {};
      new BroadcastChannel("acknowledged").onmessage = ({ data }) => {
        said[data.agent] = data;
      };
      await hall.context("counter").create({ count: 0, by: {} });
      globalThis.versions = [];
      hall.context("counter").watch(({ version }) => versions.push(version));
    });
    const load = async () => {
      await import("/storm.js");
    };
    await everywhere(Object.values(tab), load);
    const count = () => watches.evaluate(async () => (await hall.context("counter").get()).data.count);
    const until = async (wanted) => {
      const end = Date.now() + PATIENCE_MS;
      while ((await count()) < wanted) {
        assert.ok(Date.now() < end, "the storm is fast enough");
        await delay(50);
      }
    };
    const began = Date.now();
    await everywhere(Object.values(tab), () => startStorm());
    await tab.stays.evaluate(() => startStormingWorker("worker"));
    await tab.killed.evaluate(() => startStormingWorker("killed-worker"));

    // Each falls asleep in the middle of whatever it does, several times.
    let sleeps = 0;
    let over = false;
    const sleeping = (async () => {
      while (!over) {
        await tab.sleeps.send("Page.setWebLifecycleState", { state: "frozen" });
        await delay(SLEEP_MS);
        await tab.sleeps.send("Page.setWebLifecycleState", { state: "active" });
        sleeps++;
        await delay(SLEEP_MS / 2);
      }
    })();
    await until(COMMITS / 4);
    tabs.sessions.delete(tab.closed);
    await tab.closed.close();
    await until(COMMITS / 2);
    tabs.sessions.delete(tab.killed);
    await tab.killed.crash();
    tab.late = await tabs.openHideable("late");
    await tab.late.evaluate(load);
    await tab.late.evaluate(() => startStorm());
    await until(COMMITS);
    over = true;
    await sleeping;

    const left = ["stays", "sleeps", "late"];
    const known = Object.fromEntries(
      await Promise.all(left.map(async (agent) => [agent, await tab[agent].evaluate(() => endStorm())])),
    );
    const [worker] = await tab.stays.evaluate(() => endWorkers());
    assert.deepEqual(worker.errors, []);
    known.worker = worker;
    const seconds = (Date.now() - began) / 1000;
    const { data, version } = await watches.evaluate(() => hall.context("counter").get());
    const said = await watches.evaluate(() => said);
    print(`${data.count} commits in ${seconds.toFixed(1)} s, ${sleeps} sleeps`);
    for (const [agent, n] of Object.entries(data.by)) print(`${agent}: ${n}, said ${JSON.stringify(said[agent])}`);

    // Each commit has added one, and one to its writer: none was made twice.
    assert.equal(version, data.count + 1);
    const sum = Object.values(data.by).reduce((sum, n) => sum + n, 0);
    assert.equal(sum, data.count);
    for (const [agent, { acknowledged, unknown }] of Object.entries(known)) {
      const made = data.by[agent];
      assert.ok(made >= acknowledged && made <= acknowledged + unknown, `${agent}: ${made} of ${acknowledged}`);
      assert.ok(acknowledged > 0, `${agent} has had its turn`);
    }
    for (const agent of ["closed", "killed", "killed-worker"]) {
      const made = data.by[agent] ?? 0;
      const { acknowledged, unknown } = said[agent] ?? { acknowledged: 0, unknown: 0 };
      assert.ok(made >= acknowledged, `${agent}: of ${acknowledged} only ${made} are there`);
      // What was on its way when it ended.
      assert.ok(made <= acknowledged + unknown + TOGETHER, `${agent}: of ${acknowledged} there are ${made}`);
    }
    assert.ok(said.closed.acknowledged > 0 && said.killed.acknowledged > 0 && sleeps > 1);
    // Whoever watches has heard versions that grow, and the last.
    await watches.evaluate((version) => until(() => versions.at(-1) === version), version);
    const versions = await watches.evaluate(() => versions);
    assert.ok(versions.every((version, i) => i === 0 || version > versions[i - 1]));
    print(`${versions.length} of ${version} versions were told`);
  },
  300_000,
);
