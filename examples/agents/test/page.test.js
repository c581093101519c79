/** What the agents and tabs of the built page do together, in a real browser. */
import assert from "node:assert/strict";
import {
  AGENTS,
  address,
  inBrowser,
  labels,
  PROSE,
  pace,
  present,
  staleKeys,
  type,
  until,
  untilDone,
} from "./browser.js";

inBrowser("the sample is read: findings grow, the brief follows them, and all agents finish", async ({ open }) => {
  const page = await open();
  await page.evaluate(() => {
    globalThis.seen = { briefs: 0, counts: [] };
    hall.watch("brief/*", () => (seen.briefs += 1));
    hall.watch("findings/**", () => seen.counts.push(hall.keys("findings/**").length));
  });
  await untilDone(page);
  const { briefs, counts } = await page.evaluate(() => seen);
  assert.ok(briefs > 2, `the brief was written ${briefs} times`);
  assert.ok(new Set(counts).size > 5, "findings arrive bit by bit");
  assert.ok((await labels(page, "phrases")).includes("Broad Street"));
  assert.ok((await labels(page, "figures")).includes("40,046 houses"));
  assert.ok((await labels(page, "clarity")).includes("probably"));
  for (const agent of AGENTS) await page.locator(`[data-agent=${agent}]`).getByText("done", { exact: true }).waitFor();
  await page
    .locator("#brief")
    .getByText(/^About Broad Street/)
    .waitFor();
  assert.equal(await page.locator("#brief").getByText("Still to come").count(), 0);
  assert.ok((await page.locator("#findings .finding").count()) > 40);
  // A default is not a write: nobody has put the sample.
  assert.equal(await page.evaluate(() => hall.has("document/text")), false);
});

inBrowser("typed text is analysed", async ({ open }) => {
  const page = await open();
  await type(page, PROSE);
  await untilDone(page);
  assert.deepEqual(
    (await labels(page, "figures")).sort(),
    ["$4.2 million", "12.5%", "3 May 1999", "March 2021", "twenty years"].sort(),
  );
  assert.equal((await labels(page, "phrases"))[0], "steam engine");
  const hedges = await labels(page, "clarity");
  for (const hedge of ["perhaps", "seems to", "about"]) assert.ok(hedges.includes(hedge), hedge);
  const brief = page.locator("#brief");
  await brief.getByText(/^About steam engine/).waitFor();
  await brief.getByText("Figures with a hedge beside them").waitFor();
  assert.match(await brief.innerText(), /perhaps.*\n?.*12\.5%|12\.5%.*\n?.*perhaps/s);
});

inBrowser("editing leaves no stale findings, however often and at whatever moment", async ({ open }) => {
  const page = await open();
  await pace(page, "none");
  for (let i = 1; i <= 12; i++) {
    await page.evaluate((i) => {
      const area = document.getElementById("editor");
      area.value = `Edit ${i} of 12.\n\n${"There were perhaps 7 houses in Old Road, and Old Road was long.\n\n".repeat(20)}It cost $${i}.`;
      area.dispatchEvent(new Event("input", { bubbles: true }));
      if (i % 2 === 0) area.dispatchEvent(new Event("blur"));
    }, i);
    // An agent is stopped in the middle and started again; others are caught reading.
    if (i === 4) await page.getByRole("button", { name: "Stop figures" }).click();
    await page.waitForTimeout(i * 35);
    if (i === 7) await page.getByRole("button", { name: "Restart figures" }).click();
  }
  await until(page, () => hall.get("document/text")?.startsWith("Edit 12"));
  await untilDone(page);
  await until(page, () => {
    const now = hall.get("document/generation");
    return [...hall.keys("findings/**"), ...hall.keys("brief/**")].every((key) => key.split("/")[1] === now);
  });
  await page.waitForTimeout(700);
  assert.deepEqual(await staleKeys(page), []);
  const figures = await labels(page, "figures");
  assert.ok(figures.includes("$12") && !figures.includes("$11"));
  assert.equal(figures.length, 1 + 20 + 2);
});

inBrowser("findings that arrive late for an old text are swept, those for a newer text are not", async ({ open }) => {
  const page = await open();
  await type(page, PROSE);
  await untilDone(page);
  const [old, now, later] = await page.evaluate(() => {
    const [finding] = hall.toMap("findings/**").values();
    const now = hall.get("document/generation");
    const [number, digest] = now.split("-");
    const [old, later] = [`${number}-${digest}x`, `${Number(number) + 1}-${digest}`];
    for (const generation of [old, later]) hall.as("figures").put(["findings", generation, "figures", "late"], finding);
    return [old, now, later];
  });
  await until(page, (old) => hall.keys(`findings/${old}/**`).length === 0, old);
  assert.ok(await page.evaluate((now) => hall.keys(`findings/${now}/**`).length > 5, now));
  assert.equal(await page.evaluate((later) => hall.keys(`findings/${later}/**`).length, later), 1);
});

inBrowser("an agent that is stopped stays stopped, and restarted goes on from the hall's state", async ({ open }) => {
  const page = await open();
  await untilDone(page);
  const whole = (await labels(page, "figures")).length;
  await pace(page, "slow");
  await page.getByRole("button", { name: "Clear" }).click();
  await page.getByRole("button", { name: "Sample" }).click();
  await until(
    page,
    () => hall.get("agents/figures/progress").done >= 2 && hall.get("agents/figures/progress").done < 7,
  );
  await page.getByRole("button", { name: "Stop figures" }).click();
  await page.locator("[data-agent=figures]").getByText("stopped", { exact: true }).waitFor();
  const { done } = await page.evaluate(() => hall.get("agents/figures/progress"));
  assert.ok(done >= 2 && done < 7);
  await until(page, () => !hall.has("runners/figures") && hall.sessions().length === 4);
  await pace(page, "none");
  await untilDone(page, ["phrases", "clarity"]);
  assert.equal(
    (await page.evaluate(() => hall.get("agents/figures/progress"))).done,
    done,
    "a stopped agent reads nothing",
  );
  await page.locator("#brief").getByText(`Figures: stopped, ${done} of 7 passages read`).waitFor();

  await page.evaluate(() => {
    globalThis.steps = [];
    hall.watch("agents/figures/progress", ({ value }) => steps.push(value.done));
  });
  await page.getByRole("button", { name: "Restart figures" }).click();
  await untilDone(page);
  assert.ok(
    (await page.evaluate(() => steps)).every((step) => step >= done),
    "it goes on where it stopped",
  );
  assert.equal(await page.evaluate(() => hall.get("agents/figures/starts")), 2);
  assert.equal((await labels(page, "figures")).length, whole);
});

inBrowser(
  "a second tab shows the same, takes part, starts nothing twice, and takes over when the first goes",
  async ({ open }) => {
    const first = await open();
    await untilDone(first);
    const second = await open();
    await until(second, () => hall.keys("findings/**").length > 80);
    await until(second, () => document.querySelectorAll("#findings .finding").length > 40);
    assert.equal(
      await second.locator("#brief .headline").innerText(),
      await first.locator("#brief .headline").innerText(),
    );

    // Seven sessions: two tabs, three readers, all of them of the first tab, and a chair of each tab.
    for (const page of [first, second]) await present(page, 7);
    await second.waitForTimeout(2500);
    assert.equal(await second.evaluate(() => hall.sessions().length), 7);
    const one = await first.evaluate(() => hall.agent);
    assert.deepEqual(await second.evaluate(() => [...hall.toMap("runners/*").values()]), [one, one, one]);
    assert.equal(await second.evaluate(() => hall.get("chair/holder").tab), one);
    // Only one of the chairs has taken up its work.
    assert.deepEqual(await second.evaluate(() => [...hall.toMap("agents/*/starts").values()]), [1, 1, 1, 1]);

    // An edit there works here.
    await type(second, PROSE);
    await until(first, (text) => document.getElementById("editor").value === text, PROSE);
    for (const page of [first, second]) {
      await untilDone(page);
      await page.locator("#findings").getByText("$4.2 million", { exact: true }).waitFor();
      assert.deepEqual(await staleKeys(page), []);
    }

    // Stopping there stops the worker here.
    await second.getByRole("button", { name: "Stop clarity" }).click();
    await first.locator("[data-agent=clarity]").getByText("stopped", { exact: true }).waitFor();
    await second.getByRole("button", { name: "Restart clarity" }).click();
    await untilDone(first);

    await first.close();
    const closed = Date.now();
    const two = await second.evaluate(() => hall.agent);
    await until(second, (two) => [...hall.toMap("runners/*").values()].filter((tab) => tab === two).length === 3, two);
    await until(second, (two) => hall.get("chair/holder")?.tab === two, two);
    assert.ok(Date.now() - closed < 4000, "a tab that closes gives its agents back at once");
    await type(second, "The second tab goes on alone with 99 things.");
    await untilDone(second);
    assert.deepEqual(await labels(second, "figures"), ["99 things"]);
    // The workers of the first tab went with it and could not say goodbye: they are shown as silent.
    await present(second, 5);
    assert.match(await second.locator("#totals").innerText(), /^1 tab, 4 workers/);
  },
);

inBrowser(
  "when a tab crashes, its claims expire and another tab takes over",
  async ({ context, open }) => {
    const first = await open();
    await untilDone(first);
    const second = await open();
    await until(second, () => hall.keys("runners/*").length === 3);
    const crash = await context.newCDPSession(first);
    await Promise.race([crash.send("Page.crash").catch(() => {}), first.waitForEvent("crash")]);
    const two = await second.evaluate(() => hall.agent);
    await until(second, (two) => [...hall.toMap("runners/*").values()].filter((tab) => tab === two).length === 3, two);
    await until(second, (two) => hall.get("chair/holder")?.tab === two, two);
    await type(second, "After the crash there were 3 tabs.");
    await untilDone(second);
    assert.deepEqual(await labels(second, "figures"), ["3 tabs"]);
  },
  { fails: true },
);

inBrowser("a page that comes back from the back-forward cache is live again", async ({ open }) => {
  const page = await open();
  await type(page, PROSE);
  await untilDone(page);
  const session = await page.evaluate(() => {
    globalThis.kept = true;
    return hall.session;
  });
  const other = await open();
  await page.goto(`${address}style.css`);
  await type(other, "Written while the first was away: 8 words.");
  await untilDone(other);
  await page.goBack({ waitUntil: "commit" });
  await until(page, () => globalThis.hall !== undefined);
  const wasKept = await page.evaluate(() => globalThis.kept === true);
  await until(page, () => document.getElementById("editor").value.startsWith("Written while"));
  await untilDone(page);
  await type(page, "Written by the one that returned: 9 words.");
  await untilDone(other);
  assert.deepEqual(await labels(other, "figures"), ["9 words"]);
  if (wasKept) assert.match(session, /^[0-9a-f]{16}$/);
});

inBrowser("two tabs opened at once agree on who runs what", async ({ open }) => {
  const pages = await Promise.all([open(), open(), open()]);
  for (const page of pages) await untilDone(page);
  await pages[0].waitForTimeout(3000);
  const claims = await Promise.all(
    pages.map((page) =>
      page.evaluate(() => [hall.get("chair/holder").tab, ...hall.toMap("runners/*").values()].join(" ")),
    ),
  );
  assert.equal(new Set(claims).size, 1);
  for (const page of pages) await present(page, 3 + 3 + 3);
});

inBrowser("an empty text leaves nothing behind and says so", async ({ open }) => {
  const page = await open();
  await untilDone(page);
  await page.getByRole("button", { name: "Clear" }).click();
  await until(page, () =>
    ["phrases", "figures", "clarity", "chair"].every((agent) => hall.get(`agents/${agent}/status`) === "idle"),
  );
  await until(page, () => hall.keys("findings/**").length === 0 && hall.keys("brief/**").length === 0);
  await page.locator("#brief").getByText("Nothing to read yet").waitFor();
  await page
    .locator("#text-about")
    .getByText(/^Nothing to read yet/)
    .waitFor();
  await type(page, "   \n\n … — !!");
  await page.waitForTimeout(500);
  assert.deepEqual(await page.evaluate(() => hall.keys("findings/**")), []);
});

inBrowser("a megabyte is cut to the limit with a word about it, and read to the end", async ({ open }) => {
  const page = await open();
  await pace(page, "none");
  const start = Date.now();
  await page
    .getByRole("textbox", { name: "The text" })
    .fill("Some 42 houses in Long Lane were perhaps closed in 1854. ".repeat(20_000));
  await page.getByText("Cut to the first 200,000 characters; 940,000 more were left out.").waitFor();
  await until(page, () => hall.get("document/text")?.length === 200_000);
  await untilDone(page);
  assert.ok(Date.now() - start < 30_000);
  assert.equal((await labels(page, "figures")).length, 400);
  assert.ok(await page.evaluate(() => hall.keys("findings/**").length < 1300));
  await page
    .locator("[data-agent=figures]")
    .getByText(/more than are kept/)
    .waitFor();
});

inBrowser("other scripts, emoji and broken characters behave", async ({ open }) => {
  const page = await open();
  const cases = [
    ["2024年5月3日に東京大学で300万円。東京大学は大きい。", ["2024年5月3日", "300万円"]],
    ["في عام ٢٠٢٤ زاد العدد ١٢٪ في المدينة الكبيرة.", ["٢٠٢٤", "١٢٪"]],
    ["👩‍👩‍👧‍👦👍🏽 paid €5 to 👩‍👩‍👧‍👦 on 1 May 2020 🎉🎉", ["€5", "1 May 2020"]],
    ["В 1999 году было 300 домов. Дом был большой.", ["1999", "300"]],
  ];
  for (const [text, figures] of cases) {
    await type(page, text);
    await untilDone(page);
    const found = await labels(page, "figures");
    for (const figure of figures)
      assert.ok(
        found.some((label) => label.startsWith(figure)),
        `${figure} in ${found.join(", ")}`,
      );
  }
  await page.evaluate(() => {
    const area = document.getElementById("editor");
    area.value = "broken \ud800 half, 7 days";
    area.dispatchEvent(new Event("input", { bubbles: true }));
  });
  await until(page, () => hall.get("document/text") === "broken \ufffd half, 7 days");
  await untilDone(page);
  assert.deepEqual(await labels(page, "figures"), ["7 days"]);
});

inBrowser(
  "an agent whose worker does not start is failed, says so, and can be restarted",
  async ({ context, open }) => {
    await context.route(/worker-.*\.js$/, (route) => route.fulfill({ status: 404, body: "" }));
    const page = await open();
    await page.locator("[data-agent=chair]").getByText("failed", { exact: true }).waitFor();
    assert.equal(await page.evaluate(() => hall.keys("chair/**").length > 0), false);
    // It can be tried again as often as one likes.
    const restart = page.getByRole("button", { name: "Restart figures" });
    for (let i = 0; i < 2; i++) {
      await restart.click();
      await until(page, () => hall.get("agents/figures/status") === "failed");
    }
    await context.unroute(/worker-.*\.js$/);
    for (const agent of AGENTS) await page.getByRole("button", { name: `Restart ${agent}` }).click();
    await untilDone(page);
  },
  { fails: true },
);

inBrowser("two rooms know nothing of each other", async ({ open }) => {
  const one = await open("?hall=one");
  const two = await open("?hall=two");
  await type(one, "Only room one holds 11 things.");
  await untilDone(one);
  await untilDone(two);
  assert.equal(await two.evaluate(() => hall.has("document/text")), false);
  assert.equal(await two.evaluate(() => hall.sessions().length), 5);
});
