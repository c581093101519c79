/** Vite's development server: the package is bundled in advance, tabs share, and edits replace a module that has a hall. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import * as vite7 from "vite";
import * as vite8 from "vite8";
import { inTabs, resultOf, until } from "./pages.mjs";
import { expected, output, project } from "./project.mjs";

const CLOSING = "import.meta.hot.dispose(() => hall.close());";
const STOPPING = "import.meta.hot.dispose(() => stop());";
const ACCEPTING = "import.meta.hot.accept();";

/** Who edits takes a moment between two edits; what watches the files would take two at once for one. */
const MOMENT_MS = 200;

/** Writes the module that is edited. What it hears is told with its mark, so that two versions can be told apart. */
async function edit(mark, { options = "", hot = ACCEPTING } = {}) {
  const text = `
    import { openHall } from "statehall";
    const hall = openHall({ name: "hot", agent: "edited", ${options} });
    const stop = hall.watch("count", ({ value }) => window.heard.push("${mark} " + value));
    Object.assign(window, { mark: "${mark}", edited: hall });
    ${hot}`;
  await delay(MOMENT_MS);
  writeFileSync(join(project, "hot/edited.js"), text);
}

/** Runs a test in the server of each version of Vite. The module is there before the server, which watches it. */
function underDevelopment(name, first, run) {
  for (const vite of [vite7, vite8]) {
    inTabs(`Vite ${vite.version}: ${name}`, async (given) => {
      await edit("first", first);
      const server = await vite.createServer({
        root: project,
        configFile: false,
        logLevel: "error",
        cacheDir: output(`vite-${vite.version}`),
        optimizeDeps: { entries: ["pages/default.html", "hot/index.html"] },
        server: { host: "127.0.0.1", port: 0 },
      });
      try {
        await server.listen();
        await run({ ...given, address: server.resolvedUrls.local[0] });
      } finally {
        await server.close();
      }
    });
  }
}

const isNow = (tab, mark) => until(tab, (mark) => window.mark === mark, mark);
const heardBy = (tab) => tab.evaluate(() => window.heard);

underDevelopment("it is bundled in advance", {}, async ({ open, address }) => {
  const tab = await open("about:blank");
  const scripts = [];
  tab.on("request", (request) => scripts.push(new URL(request.url()).pathname));
  await tab.goto(`${address}pages/default.html`);
  assert.deepEqual(await resultOf(tab), expected({ sameHallForAll: true }));
  const found = scripts.filter((path) => path.endsWith("statehall.js"));
  assert.equal(found.length, 1);
  assert.match(found[0], /\/deps\/statehall\.js$/);
  assert.deepEqual(
    scripts.filter((path) => path.includes("node_modules/statehall") || path.endsWith(".wasm")),
    [],
  );
});

underDevelopment("two tabs share, and a reload is one session less and one more", { hot: "" }, async (given) => {
  const [one, two] = [await given.open(`${given.address}hot/`), await given.open(`${given.address}hot/`)];
  for (const tab of [one, two]) await until(tab, () => window.edited?.sessions().length === 2);
  await one.evaluate(() => edited.put("count", 1));
  await until(two, () => edited.get("count") === 1);
  // A module that does not accept its own replacement makes Vite load the page again.
  await edit("second", { hot: "" });
  for (const tab of [one, two]) await isNow(tab, "second");
  for (const tab of [one, two]) await until(tab, () => window.edited?.sessions().length === 2);
});

const closing = { hot: `${ACCEPTING} ${CLOSING}` };

underDevelopment("a module that closes its handle leaves nothing behind", closing, async ({ open, address }) => {
  const tab = await open(`${address}hot/?watching`);
  await isNow(tab, "first");
  await tab.evaluate(() => edited.put("kept", true));
  for (const mark of ["second", "third", "fourth"]) {
    await edit(mark, closing);
    await isNow(tab, mark);
  }
  await tab.evaluate(() => edited.put("count", 1));
  assert.deepEqual(await heardBy(tab), ["fourth 1"]);
  const left = () => ({ kept: edited.get("kept"), watches: hall.usage().watches, sessions: hall.sessions().length });
  assert.deepEqual(await tab.evaluate(left), { kept: true, watches: 1, sessions: 1 });
});

underDevelopment(
  "the only handle takes the state with it, and may open with other options",
  closing,
  async ({ open, address }) => {
    const tab = await open(`${address}hot/`);
    await isNow(tab, "first");
    await tab.evaluate(() => edited.put("kept", true));
    await edit("second", { ...closing, options: "limits: { entries: 10 }" });
    await isNow(tab, "second");
    assert.equal(await tab.evaluate(() => edited.get("kept")), undefined);
    assert.equal(await tab.evaluate(() => edited.sessions().length), 1);

    // A tab that has the hall in another module as well keeps the state; of the old sessions nothing stays there.
    await edit("third", closing);
    await isNow(tab, "third");
    const other = await open(`${address}hot/?watching`);
    await until(other, () => window.edited?.sessions().length === 2);
    await tab.evaluate(() => edited.put("kept", "there"));
    await until(other, () => hall.get("kept") === "there");
    await edit("fourth", closing);
    for (const each of [tab, other]) await isNow(each, "fourth");
    await until(tab, () => edited.get("kept") === "there" && edited.sessions().length === 2);
    await until(other, () => hall.sessions().length === 2);
  },
);

const stopping = { hot: `${ACCEPTING} ${STOPPING}` };

underDevelopment("a module that only stops its watch keeps the state", stopping, async ({ open, address }) => {
  const tab = await open(`${address}hot/`);
  await isNow(tab, "first");
  await tab.evaluate(() => edited.put("kept", true));
  await edit("second", stopping);
  await isNow(tab, "second");
  await tab.evaluate(() => edited.put("count", 1));
  assert.deepEqual(await heardBy(tab), ["second 1"]);
  assert.equal(await tab.evaluate(() => edited.get("kept")), true);
});

underDevelopment(
  "a module that does nothing hears on after its replacement",
  {},
  async ({ open, address, complaints }) => {
    const tab = await open(`${address}hot/`);
    await isNow(tab, "first");
    await edit("second");
    await isNow(tab, "second");
    await tab.evaluate(() => edited.put("count", 1));
    assert.deepEqual(await heardBy(tab), ["first 1", "second 1"]);
    assert.equal(await tab.evaluate(() => edited.sessions().length), 1);
    // And its open handle holds the old options.
    await edit("third", { options: "limits: { entries: 10 }" });
    while (!complaints.some((complaint) => complaint.includes("options-conflict"))) await delay(20);
    await delay(MOMENT_MS);
    assert.match(complaints.splice(0).join("\n"), /options-conflict: the hall "hot" is already open/);
  },
);
