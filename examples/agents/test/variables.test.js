/** What the page's keys may hold: every tab declares it, refuses what does not fit, and shows what arrived all the same. */
import assert from "node:assert/strict";
import { AGENTS, inBrowser, stranger, type, until, untilDone } from "./browser.js";

inBrowser("every tab and worker refuses to write what a variable may not hold", async ({ open }) => {
  const page = await open();
  await untilDone(page);
  const refused = await page.evaluate(() => {
    const before = hall.revision;
    const put = (key, value) => {
      try {
        hall.put(key, value);
        return `${key} took ${value}`;
      } catch (error) {
        return `${error.code}, ${error.detail}`;
      }
    };
    const answers = [
      put("control/pace", "fast"),
      put("agents/figures/wanted", "paused"),
      put("agents/chair/status", "asleep"),
      put("agents/clarity/starts", -1),
      put("agents/clarity/starts", 1.5),
    ];
    return { answers, written: hall.changes(before).changes?.map(({ key }) => key) ?? [] };
  });
  assert.deepEqual(refused.answers, [
    "constraint-violation, must be one of: none, brisk, slow",
    "constraint-violation, must be one of: running, stopped",
    "constraint-violation, must be one of: idle, working, done, stopped, failed",
    "constraint-violation, value -1 is below minimum 0",
    "constraint-violation, must be a whole number, got 1.5",
  ]);
  // A default is never a write.
  assert.equal(await page.evaluate(() => hall.has("control/pace")), false);
  const declared = await page.evaluate(() => hall.variables().map(({ key }) => key));
  const keys = AGENTS.flatMap((agent) => ["wanted", "status", "starts"].map((name) => `agents/${agent}/${name}`));
  assert.deepEqual(declared.sort(), ["control/pace", ...keys].sort());
});

inBrowser("what another program writes and does not fit is shown as such, and the default counts", async (at) => {
  const page = await at.open();
  await untilDone(page);
  const other = await stranger(at.context);
  await other.evaluate(() =>
    hall.batch(() => {
      hall.put("control/pace", "fast");
      hall.put("agents/figures/status", "asleep");
      hall.put("agents/figures/starts", -3);
    }),
  );
  const pace = page.locator("#pace-misfit");
  await pace.getByText("control/pace does not fit (must be one of: none, brisk, slow); shown as brisk").waitFor();
  assert.equal(await page.getByRole("radio", { name: "brisk" }).isChecked(), true);
  const card = page.locator("[data-agent=figures]");
  await card.getByText(/^agents\/figures\/status does not fit .*; shown as idle/).waitFor();
  await card.getByText(/agents\/figures\/starts does not fit \(value -3 is below minimum 0\); shown as 0$/).waitFor();
  await card.getByText("idle", { exact: true }).waitFor();
  // It is there all the same, for whoever asks for the key; and the agents go on as declared.
  assert.equal(await page.evaluate(() => hall.get("control/pace")), "fast");
  await type(page, "Read with a pace of 7 days that no tab knows.");
  await untilDone(page);
  await until(page, () => document.querySelector("[data-agent=figures] .misfit").textContent.includes("starts"));

  await page.getByRole("radio", { name: "none", exact: true }).check();
  await until(page, () => document.getElementById("pace-misfit").textContent === "");
  await other.evaluate(() => hall.delete("agents/figures/starts"));
  await until(page, () => document.querySelector("[data-agent=figures] .misfit").textContent === "");
});
