/** Drives the built page in a real browser. Every wait is bounded. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build, preview } from "vite";
import { launchChromium } from "../../../tests/browser/chromium.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
export const READERS = ["phrases", "figures", "clarity"];
export const AGENTS = [...READERS, "chair"];
export const PATIENCE = 20_000;

let server;
/** The package as one script, for pages that are not of this program. */
let packaged;
let browser;
export let address;

before(async () => {
  await build({ root, logLevel: "warn" });
  const [built] = await build({
    configFile: false,
    logLevel: "warn",
    build: {
      write: false,
      lib: { entry: fileURLToPath(import.meta.resolve("statehall")), formats: ["iife"], name: "statehall" },
    },
  });
  packaged = built.output[0].code;
  server = await preview({ root, logLevel: "warn", preview: { host: "127.0.0.1", port: 0 } });
  address = server.resolvedUrls.local[0];
  browser = await launchChromium();
});

after(async () => {
  await browser?.close();
  await server?.close();
});

/** A tab of some other program, or of another version of this one: it is in the hall and has declared nothing. */
export async function stranger(context) {
  const page = await context.newPage();
  const blank = `${address}stranger.html`;
  await page.route(blank, (route) => route.fulfill({ contentType: "text/html", body: "<title>stranger</title>" }));
  await page.goto(blank);
  await page.addScriptTag({ content: packaged });
  await page.evaluate(async () => {
    globalThis.hall = statehall.openHall({ name: "reading-room", agent: "stranger" });
    await hall.ready;
  });
  return page;
}

/** Runs a test in a browser context of its own; what the pages report as an error fails it. */
export function inBrowser(name, run, options = {}) {
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

export const until = (page, condition, argument) =>
  page.waitForFunction(condition, argument, { timeout: PATIENCE, polling: 50 });

/** Waits until this many are listed as present and not silent. The quiet are heard of every half minute. */
export const present = (page, count) =>
  page.waitForFunction((count) => document.querySelectorAll("#sessions li:not(.silent)").length === count, count, {
    timeout: 45_000,
    polling: 50,
  });

/** Waits until all agents are done with the text that the page shows. */
export const untilDone = (page, agents = AGENTS) =>
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

export const type = async (page, text) => {
  await page.getByRole("textbox", { name: "The text" }).fill(text);
  await until(page, (text) => hall.get("document/text") === text, text);
};

export const pace = (page, name) => page.getByRole("radio", { name, exact: true }).check();

/** Keys of findings and briefs that belong to no present text. */
export const staleKeys = (page) =>
  page.evaluate(() => {
    const now = hall.get("document/generation");
    return [...hall.keys("findings/**"), ...hall.keys("brief/**")].filter((key) => key.split("/")[1] !== now);
  });

export const labels = (page, agent) =>
  page.evaluate((agent) => [...hall.toMap(`findings/*/${agent}/*`).values()].map(({ label }) => label), agent);

export const PROSE =
  "In March 2021 the works cost $4.2 million, and perhaps 12.5% of it was lost.\n\n" +
  "The steam engine was old. The steam engine seems to have stopped on 3 May 1999.\n\n" +
  "Nobody saw the steam engine again for about twenty years.";
