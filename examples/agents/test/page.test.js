/** The built page, driven in a real browser. Every wait is bounded. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build, preview } from "vite";
import { launchChromium } from "../../../tests/browser/chromium.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const READERS = ["phrases", "figures", "clarity"];
const AGENTS = [...READERS, "chair"];
const PATIENCE = 20_000;

let server;
let browser;
let address;

before(async () => {
  await build({ root, logLevel: "warn" });
  server = await preview({ root, logLevel: "warn", preview: { host: "127.0.0.1", port: 0 } });
  address = server.resolvedUrls.local[0];
  browser = await launchChromium();
});

after(async () => {
  await browser?.close();
  await server?.close();
});

/** Runs a test in a browser context of its own; what the pages report as an error fails it. */
function inBrowser(name, run, options = {}) {
  test(name, { timeout: 150_000 }, async () => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options.context });
    context.setDefaultTimeout(PATIENCE);
    const errors = [];
    const open = async (query = "") => {
      const page = await context.newPage();
      page.on(
        "request",
        (request) => request.url().startsWith(address) || errors.push(`a request to ${request.url()}`),
      );
      page.on("pageerror", (error) => errors.push(error.message));
      page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
      await page.goto(address + query);
      await page.waitForFunction(() => globalThis.hall !== undefined);
      return page;
    };
    try {
      await run({ context, open });
      if (options.fails !== true) assert.deepEqual(errors, []);
    } finally {
      await context.close();
    }
  });
}

const until = (page, condition, argument) =>
  page.waitForFunction(condition, argument, { timeout: PATIENCE, polling: 50 });

/** Waits until this many are listed as present and not silent. The quiet are heard of every half minute. */
const present = (page, count) =>
  page.waitForFunction((count) => document.querySelectorAll("#sessions li:not(.silent)").length === count, count, {
    timeout: 45_000,
    polling: 50,
  });

/** Waits until all agents are done with the text that the page shows. */
const untilDone = (page, agents = AGENTS) =>
  until(
    page,
    (agents) => {
      const editor = document.getElementById("editor");
      const text = hall.get("document/text", editor.value);
      const generation = hall.get("document/generation");
      return (
        editor.value === text &&
        agents.every((agent) => hall.get(`agents/${agent}/status`) === "done") &&
        agents.every(
          (agent) =>
            agent === "chair" ||
            generation === undefined ||
            hall.get(`agents/${agent}/progress`)?.generation === generation,
        ) &&
        (!agents.includes("chair") ||
          (hall.toMap("brief/*").size === 1 && [...hall.toMap("brief/*").values()][0].pending.length === 0))
      );
    },
    agents,
  );

const type = async (page, text) => {
  await page.getByRole("textbox", { name: "The text" }).fill(text);
  await until(page, (text) => hall.get("document/text") === text, text);
};

const pace = (page, name) => page.getByRole("radio", { name, exact: true }).check();

/** Keys of findings and briefs that belong to no present text. */
const staleKeys = (page) =>
  page.evaluate(() => {
    const now = hall.get("document/generation");
    return [...hall.keys("findings/**"), ...hall.keys("brief/**")].filter((key) => key.split("/")[1] !== now);
  });

const labels = (page, agent) =>
  page.evaluate((agent) => [...hall.toMap(`findings/*/${agent}/*`).values()].map(({ label }) => label), agent);

const PROSE =
  "In March 2021 the works cost $4.2 million, and perhaps 12.5% of it was lost.\n\n" +
  "The steam engine was old. The steam engine seems to have stopped on 3 May 1999.\n\n" +
  "Nobody saw the steam engine again for about twenty years.";

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

    // Six sessions: two tabs, four workers, all of them of the first tab.
    for (const page of [first, second]) await present(page, 6);
    await second.waitForTimeout(2500);
    assert.equal(await second.evaluate(() => hall.sessions().length), 6);
    const one = await first.evaluate(() => hall.agent);
    assert.deepEqual(await second.evaluate(() => [...hall.toMap("runners/*").values()]), [one, one, one, one]);
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
    await until(second, (two) => [...hall.toMap("runners/*").values()].filter((tab) => tab === two).length === 4, two);
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
    await until(second, () => hall.keys("runners/*").length === 4);
    const crash = await context.newCDPSession(first);
    await Promise.race([crash.send("Page.crash").catch(() => {}), first.waitForEvent("crash")]);
    const two = await second.evaluate(() => hall.agent);
    await until(second, (two) => [...hall.toMap("runners/*").values()].filter((tab) => tab === two).length === 4, two);
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
    pages.map((page) => page.evaluate(() => [...hall.toMap("runners/*").values()].join(" "))),
  );
  assert.equal(new Set(claims).size, 1);
  for (const page of pages) await present(page, 3 + 4);
});

inBrowser("the log shows key, old, new and who; it can be filtered and paused, and is bounded", async ({ open }) => {
  const page = await open();
  await untilDone(page);
  const me = await page.evaluate(() => hall.agent);
  await page.evaluate(() => hall.put("note/one", "before"));
  await page.evaluate(() => hall.put("note/one", "after"));
  const log = page.getByRole("table", { name: "Every change" });
  assert.deepEqual(await log.getByRole("columnheader").allInnerTexts(), ["Key", "Old", "New", "Who", "When"]);
  await page.getByLabel("Keys beginning with").fill("note/");
  const cells = log.getByRole("row").filter({ hasText: '"after"' }).getByRole("cell");
  assert.deepEqual((await cells.allInnerTexts()).slice(0, 4), ["note/one", '"before"', '"after"', me]);
  assert.match(await cells.nth(4).innerText(), /^\d\d:\d\d:\d\d\.\d{3}$/);
  await page.evaluate(() => hall.delete("note/one"));
  await log.getByRole("row").filter({ hasText: "absent" }).filter({ hasText: '"after"' }).waitFor();

  await page.getByRole("button", { name: "Pause" }).click();
  const rows = await page.locator("#log-rows tr").count();
  await page.evaluate(() => hall.put("note/two", 2));
  await page
    .locator("#log-about")
    .getByText(/held back/)
    .waitFor();
  assert.equal(await page.locator("#log-rows tr").count(), rows);
  await page.getByRole("button", { name: "Pause" }).click();
  await log.getByRole("row").filter({ hasText: "note/two" }).waitFor();

  await page.evaluate(() => {
    for (let i = 0; i < 3000; i++) hall.put(`note/many/${i % 300}`, i);
  });
  await page
    .locator("#log-about")
    .getByText(/1,000 match/)
    .waitFor();
  assert.ok((await page.locator("#log-rows tr").count()) <= 120);
  await page.getByLabel("Keys beginning with").fill("runners/");
  await until(page, () => document.querySelectorAll("#log-rows tr").length === 0);
  await page.getByLabel("renewed claims").check();
  await log.getByRole("row").filter({ hasText: "runners/" }).first().waitFor();
});

inBrowser("those present are listed", async ({ open }) => {
  const page = await open();
  await untilDone(page);
  const present = page.getByRole("region", { name: "Present" });
  for (const agent of AGENTS) await present.getByText(agent, { exact: true }).waitFor();
  await present.getByText("this tab").waitFor();
  const ids = await page.evaluate(() => hall.sessions().map(({ id }) => id));
  for (const id of ids) await present.getByText(id).waitFor();
});

inBrowser("hostile text stays text", async ({ open }) => {
  const page = await open();
  const hostile =
    '<img src=x onerror="globalThis.pwned=1"> <script>globalThis.pwned=2</script> paid $5 million, perhaps.\n\n' +
    '"><svg onload=pwned=3> constructor __proto__ toString hasOwnProperty a/b ~1 ~0 ** * </textarea><b>constructor __proto__ again: 12%</b>\n\n' +
    "javascript:alert(1) &lt;i&gt; {{7*7}} <%= 7*7 %> constructor";
  const before = await page
    .locator("main *")
    .evaluateAll((all) => all.filter(({ tagName }) => /^(IMG|SCRIPT|SVG|B|IFRAME)$/i.test(tagName)).length);
  assert.equal(before, 0);
  await type(page, hostile);
  await untilDone(page);
  await page.locator("#findings .finding").first().click();
  await page.evaluate(() => hall.put(["note", "<img src=x onerror=pwned=4>"], "<img src=x onerror=pwned=5>"));
  await page.evaluate(() => hall.as("<img src=x onerror=pwned=6>").put("note/who", 1));
  await page.locator("#log-rows").getByText("note/who").waitFor();
  await page.waitForTimeout(300);
  assert.equal(await page.evaluate(() => globalThis.pwned), undefined);
  const tags = await page
    .locator("main *")
    .evaluateAll((all) => all.filter(({ tagName }) => /^(IMG|SCRIPT|SVG|B|IFRAME)$/i.test(tagName)).length);
  assert.equal(tags, 0);
  assert.equal(await page.getByRole("textbox", { name: "The text" }).inputValue(), hostile);
  assert.ok((await labels(page, "figures")).includes("$5 million"));
});

inBrowser("the page works with the keyboard alone", async ({ open }) => {
  const page = await open();
  await untilDone(page);
  const focused = () => page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent);
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "Skip to the text");
  await page.keyboard.press("Enter");
  assert.equal(await focused(), "editor");
  await page.keyboard.press("Control+A");
  await page.keyboard.type("Perhaps 40 people came. Perhaps 50 people stayed.");
  await until(page, () => hall.get("document/text")?.endsWith("stayed."));
  await untilDone(page);

  // From the text on to a finding, which shows its place; Escape lets go of it.
  for (let i = 0; i < 40; i++) {
    await page.keyboard.press("Tab");
    if (await page.evaluate(() => document.activeElement.classList.contains("finding"))) break;
  }
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => CSS.highlights.get("chosen")?.size > 0);
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-current")), "true");
  assert.match(await page.evaluate(() => [...CSS.highlights.get("chosen")][0].toString()), /^Perhaps \d0 people/);
  await page.keyboard.press("Escape");
  assert.equal(await page.evaluate(() => CSS.highlights.has("chosen")), false);

  // Stop and restart; the focus stays on the button.
  await page.getByRole("button", { name: "Stop phrases" }).focus();
  await page.keyboard.press("Space");
  await page.locator("[data-agent=phrases]").getByText("stopped", { exact: true }).waitFor();
  assert.equal(await focused(), "Restart phrases");
  await page.keyboard.press("Enter");
  await untilDone(page);
  assert.equal(await focused(), "Stop phrases");

  await page.getByRole("radio", { name: "brisk" }).focus();
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.evaluate(() => hall.get("control/pace")), "slow");
});

inBrowser("choosing a finding shows its sentence in the text, and its exact words", async ({ open }) => {
  const page = await open();
  await untilDone(page);
  const finding = page.locator("#findings .figures .finding", { hasText: "Thursday, 7th September" });
  await finding.click();
  assert.equal(await page.evaluate(() => [...CSS.highlights.get("exact")][0].toString()), "Thursday, 7th September");
  assert.match(
    await page.evaluate(() => [...CSS.highlights.get("chosen")][0].toString()),
    /^I had an interview .*to them\.$/,
  );
  await until(page, () => {
    const place = [...CSS.highlights.get("chosen")][0].getBoundingClientRect();
    const paper = document.getElementById("paper").getBoundingClientRect();
    return place.top >= paper.top && place.bottom <= paper.bottom;
  });
  // The mirror lies exactly behind the editor, so marks are where the words are.
  const [mirror, editor] = await page.evaluate(() =>
    ["mirror", "editor"].map((id) => {
      const { left, top, width, height } = document.getElementById(id).getBoundingClientRect();
      return [left, top, width, height];
    }),
  );
  assert.deepEqual(mirror, editor);
  const phrase = page.locator("#findings .phrases .finding").first();
  await phrase.click();
  const placed = await page.evaluate(() => [...CSS.highlights.get("chosen")].map(String));
  assert.ok(placed.length > 3 && placed.every((sentence) => sentence.includes("Broad Street")));
});

inBrowser("everything has a name, landmarks and headings are there, and little is announced", async ({ open }) => {
  const page = await open();
  await untilDone(page);
  for (const role of ["button", "textbox", "radio", "checkbox", "progressbar", "table", "region"]) {
    for (const one of await page.getByRole(role).all()) {
      const snapshot = await one.ariaSnapshot();
      assert.match(
        snapshot.split("\n")[0],
        /"[^"]+"|\/[^/]+\//,
        `a ${role} without a name: ${await one.evaluate((e) => e.outerHTML.slice(0, 120))}`,
      );
    }
  }
  for (const landmark of ["banner", "main", "contentinfo"])
    assert.equal(await page.getByRole(landmark).count(), 1, landmark);
  for (const name of ["Agents", "The text", "The chair’s brief", "Findings", "Every change", "Present"]) {
    await page.getByRole("heading", { name, level: 2 }).waitFor();
    await page.getByRole("region", { name, exact: true }).first().waitFor();
  }
  assert.equal(await page.getByRole("heading", { level: 1 }).count(), 1);
  const live = await page
    .locator("[aria-live], [role=status], [role=alert], [role=log]")
    .evaluateAll((all) => all.map(({ id }) => id));
  assert.deepEqual(live.sort(), ["announce", "text-note"]);

  await page.evaluate(() => {
    globalThis.said = [];
    new MutationObserver(() => said.push(document.getElementById("announce").textContent)).observe(
      document.getElementById("announce"),
      { childList: true, characterData: true, subtree: true },
    );
  });
  await type(page, PROSE);
  await until(page, () => said.at(-1)?.includes("The brief is complete."));
  const said = await page.evaluate(() => said);
  assert.ok(said.length <= 3, said.join(" | "));
  assert.match(said.join(" "), /Figures done, 5 findings\./);
});

for (const width of [320, 360, 768, 1024, 1600]) {
  inBrowser(
    `nothing scrolls sideways at ${width} pixels`,
    async ({ open }) => {
      const page = await open();
      await untilDone(page);
      await page.evaluate(() => hall.put(`note/${"long".repeat(60)}`, "unbroken".repeat(40)));
      await type(
        page,
        `${await page.getByRole("textbox", { name: "The text" }).inputValue()}\n\n${"unbroken".repeat(60)} costs $5.`,
      );
      await untilDone(page);
      const [beyond, wide] = await page.evaluate(() => {
        const room = document.documentElement.clientWidth;
        const out = [...document.querySelectorAll("body *")].filter((element) => {
          const { right, left, width } = element.getBoundingClientRect();
          return (
            width > 1 &&
            !element.closest(".unseen, .skip, thead") &&
            (right > room + 1 || left < -1) &&
            getComputedStyle(element).position !== "absolute"
          );
        });
        return [document.documentElement.scrollWidth - room, out.map((element) => element.outerHTML.slice(0, 100))];
      });
      assert.equal(beyond, 0);
      assert.deepEqual(wide, []);
    },
    { context: { viewport: { width, height: 800 } } },
  );
}

for (const colorScheme of ["light", "dark"]) {
  inBrowser(
    `the page is ${colorScheme} from the first paint when the system is`,
    async ({ open }) => {
      const page = await open();
      const [background, scheme, blocking] = await page.evaluate(() => [
        getComputedStyle(document.documentElement).backgroundColor,
        getComputedStyle(document.documentElement).colorScheme,
        document.querySelector("head link[rel=stylesheet]") !== null,
      ]);
      assert.equal(background, colorScheme === "light" ? "rgb(251, 250, 246)" : "rgb(22, 21, 19)");
      assert.equal(scheme, "light dark");
      assert.ok(blocking, "the style sheet is in the head, before any content");
    },
    { context: { colorScheme } },
  );
}

inBrowser(
  "nothing moves for those who ask for that",
  async ({ open }) => {
    const page = await open();
    await pace(page, "slow");
    await page.getByRole("button", { name: "Clear" }).click();
    await page.getByRole("button", { name: "Sample" }).click();
    await page.locator("[data-agent=phrases][data-status=working]").waitFor();
    assert.equal(
      await page.locator("[data-agent=phrases] .glyph").evaluate((glyph) => getComputedStyle(glyph).animationName),
      "none",
    );
  },
  { context: { reducedMotion: "reduce" } },
);

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
    assert.equal(await page.evaluate(() => hall.has("runners/chair")), false);
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
