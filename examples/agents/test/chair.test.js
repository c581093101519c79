/** One chair at a time, across tabs: its lease goes to the next when its holder's tab closes, dies, freezes or is told to go. */
import assert from "node:assert/strict";
import { AGENTS, inBrowser, present, stranger, type, until, untilDone } from "./browser.js";

/** Notes under which fence whoever has the chair writes, as this tab hears it. */
const record = (page) =>
  page.evaluate(() => {
    globalThis.written = [];
    hall.watch("brief/*", ({ metadata, deleted }) => deleted || written.push([metadata.fence, metadata.tab]), {
      initial: true,
    });
    globalThis.held = [];
    hall.watch("chair/holder", ({ value }) => value && held.push([value.fence, value.tab]), { initial: true });
  });

/** What was noted: fences never go back, and each belongs to one tab. Returns the tabs in the order of their turns. */
async function turns(page) {
  const { written, held } = await page.evaluate(() => ({ written, held }));
  for (const notes of [written, held]) {
    for (let i = 1; i < notes.length; i++) {
      const [[before, one], [now, other]] = [notes[i - 1], notes[i]];
      assert.ok(now >= before, `a fence of ${now} after one of ${before}`);
      if (now === before) assert.equal(other, one, `two chairs under the fence ${now}`);
    }
  }
  assert.ok(written.length > 0, "the chair has written");
  return [...new Set(written.map(([, tab]) => tab))];
}

const me = (page) => page.evaluate(() => hall.agent);
const holder = (page) => page.evaluate(() => hall.get("chair/holder")?.tab);
const untilHolds = (page, tab) => until(page, (tab) => hall.get("chair/holder")?.tab === tab, tab);
const untilWaits = (page, tab) => until(page, (tab) => hall.has(`chair/waiting/${tab}`), tab);

/** Opens two tabs, the first of which has the chair. */
async function two(open) {
  const first = await open();
  await untilDone(first);
  const second = await open();
  await untilWaits(second, await me(second));
  assert.equal(await holder(second), await me(first));
  await record(second);
  return [first, second];
}

inBrowser("of the chairs of two tabs exactly one works, and the page shows who", async ({ open }) => {
  const [first, second] = await two(open);
  const [one, other] = [await me(first), await me(second)];
  for (let i = 1; i <= 5; i++) {
    await type(i % 2 ? second : first, `Edit ${i} took perhaps ${i} days in Old Road, and Old Road was long.`);
    await untilDone(i % 2 ? first : second);
  }
  assert.deepEqual(await turns(second), [one]);
  const status = await second.evaluate(() => hall.context("chair").query());
  assert.deepEqual(
    status.holders.map(({ owner }) => owner),
    [one],
  );
  assert.deepEqual(status.waiting, [other]);
  assert.equal(await second.evaluate(() => hall.get("agents/chair/starts")), 1);

  const fence = await second.evaluate(() => hall.get("chair/holder").fence);
  const [here, there] = [first, second].map((page) => page.locator("[data-agent=chair]"));
  await here.getByText("worker of this tab").waitFor();
  await here.getByText(`fence ${fence} · in line: ${other}`, { exact: true }).waitFor();
  await there.getByText(`worker of ${one}`).waitFor();
  await there.getByText(`fence ${fence} · in line: this tab`, { exact: true }).waitFor();
  await second.locator("#brief-when").getByText(`${one}, fence ${fence},`).waitFor();
  // Only the chair at work has a machine.
  const machines = await second.evaluate(() => hall.keys("processes/*").filter((key) => key.includes("chair")));
  assert.deepEqual(machines, [`processes/chair-${one}`]);
  await there.locator(".machine").getByText("machine: idle", { exact: true }).waitFor();
  const present = second.getByRole("region", { name: "Present" });
  await present.getByText("worker, has the chair").waitFor();
  await present.getByText("worker, in line").waitFor();
});

inBrowser("when the tab with the chair is closed, the next goes on within seconds", async ({ open }) => {
  const [first, second] = await two(open);
  const [one, other] = [await me(first), await me(second)];
  await type(second, "Before there were 5 houses.");
  await untilDone(second);
  const fence = await second.evaluate(() => hall.get("chair/holder").fence);
  await first.close();
  const closed = Date.now();
  await untilHolds(second, other);
  assert.ok(Date.now() - closed < 4000, "sooner than the lease runs out");
  await type(second, "Afterwards there were 7 houses.");
  await untilDone(second);
  assert.deepEqual(await turns(second), [one, other]);
  assert.ok((await second.evaluate(() => hall.get("chair/holder").fence)) > fence);
  assert.equal(await second.evaluate(() => hall.get("agents/chair/starts")), 2);
  assert.deepEqual(await second.evaluate(() => hall.keys("chair/waiting/*")), []);
});

inBrowser(
  "when the tab with the chair crashes, the next goes on within seconds",
  async ({ context, open }) => {
    const [first, second] = await two(open);
    const [one, other] = [await me(first), await me(second)];
    const crash = await context.newCDPSession(first);
    await Promise.race([crash.send("Page.crash").catch(() => {}), first.waitForEvent("crash")]);
    const crashed = Date.now();
    await untilHolds(second, other);
    assert.ok(Date.now() - crashed < 8000);
    // The readers' claims have to expire before this tab reads.
    await type(second, "After the crash there were 3 tabs.");
    await untilDone(second);
    assert.deepEqual(await turns(second), [one, other]);
  },
  { fails: true },
);

inBrowser("a chair that is frozen past its time loses its turn, and writes nothing when it wakes", async ({ open }) => {
  const [first, second] = await two(open);
  const [one, other] = [await me(first), await me(second)];
  let chair;
  for (const worker of first.workers()) if ((await worker.evaluate("self.name")).includes('"chair"')) chair = worker;
  // Its event loop stands still: no timer, no message, and its Web Lock is not free.
  const frozen = chair.evaluate(() => {
    const end = Date.now() + 12_000;
    while (Date.now() < end);
  });
  const begun = Date.now();
  await type(second, "While one slept there were 4 houses.");
  await untilHolds(second, other);
  assert.ok(Date.now() - begun > 2000, "it was not taken from one that is alive");
  await untilDone(second);
  assert.ok(Date.now() - begun < 11_500, "the other went on meanwhile");
  await frozen;
  await untilWaits(second, one);
  await type(second, "When it woke there were 6 houses.");
  await untilDone(second);
  assert.deepEqual(await turns(second), [one, other]);
});

inBrowser("a chair whose lease is taken away stops, gets in line, and has it again later", async (at) => {
  const [first, second] = await two(at.open);
  const [one, other] = [await me(first), await me(second)];
  const outside = await stranger(at.context);
  await outside.evaluate(() => hall.context("chair").forceRelease("it is somebody else's turn"));
  await untilHolds(first, other);
  await untilWaits(first, one);
  await type(first, "In the second turn there were 2 houses.");
  await untilDone(first);
  await second.close();
  await untilHolds(first, one);
  await type(first, "In the third turn there were 3 houses.");
  await untilDone(first);
  assert.equal(await first.evaluate(() => hall.get("agents/chair/starts")), 3);
});

inBrowser(
  "a tab whose chair does not start says so once no other tab's chair works",
  async ({ context, open }) => {
    const first = await open();
    await untilDone(first);
    await context.route(/worker-.*\.js$/, (route) => route.fulfill({ status: 404, body: "" }));
    const second = await open();
    await second.waitForTimeout(1000);
    assert.equal(await second.evaluate(() => hall.get("agents/chair/status")), "done");
    assert.equal(await holder(second), await me(first));
    await first.close();
    await second.locator("[data-agent=chair]").getByText("failed", { exact: true }).waitFor();
    await context.unroute(/worker-.*\.js$/);
    await second.getByRole("button", { name: "Restart chair" }).click();
    await untilHolds(second, await me(second));
  },
  { fails: true },
);

inBrowser("what is written late under an older fence is written anew", async (at) => {
  const page = await at.open();
  await untilDone(page);
  const outside = await stranger(at.context);
  const { tab, fence } = await page.evaluate(() => hall.get("chair/holder"));
  await outside.evaluate(() => {
    const [[key, brief]] = hall.toMap("brief/*");
    hall.batch(() => {
      hall.put(key, { ...brief, headline: "Out of date." }, { metadata: { tab: "tab-gone", fence: 0 } });
      hall.put("chair/holder", { tab: "tab-gone", fence: 0, session: "" });
    });
  });
  await until(page, () => hall.get("chair/holder").tab === "tab-gone");
  await untilHolds(page, tab);
  await until(page, () => [...hall.toMap("brief/*").values()][0].headline.startsWith("About Broad Street"));
  assert.deepEqual(await page.evaluate(() => hall.entry(hall.keys("brief/*")[0]).metadata), { tab, fence });
});

inBrowser("stopped is stopped in every tab, and restarted one chair works again", async ({ open }) => {
  const [first, second] = await two(open);
  await second.getByRole("button", { name: "Stop chair" }).click();
  for (const page of [first, second]) {
    await page.locator("[data-agent=chair]").getByText("stopped", { exact: true }).waitFor();
    await until(page, () => hall.keys("chair/**").length === 0);
    await present(page, 5);
  }
  await first.waitForTimeout(1000);
  assert.equal(await first.evaluate(() => hall.get("agents/chair/status")), "stopped");
  assert.deepEqual(await first.evaluate(async () => (await hall.context("chair").query()).holders), []);
  await first.getByRole("button", { name: "Restart chair" }).click();
  for (const page of [first, second]) {
    await untilDone(page, AGENTS);
    await until(page, () => hall.has("chair/holder") && hall.keys("chair/waiting/*").length === 1);
  }
  await turns(second);
});
