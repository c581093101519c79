/** How the built page shows it, and to whom: the log, the keyboard, names, widths, colours, hostile text. */
import assert from "node:assert/strict";
import { AGENTS, inBrowser, labels, PROSE, pace, type, until, untilDone } from "./browser.js";

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
