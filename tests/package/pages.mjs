/** Pages in Chromium: what they complain of fails the test, unless it asked for that. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { launchChromium } from "../browser/chromium.mjs";
import { timeout, versions } from "./project.mjs";

const PATIENCE_MS = 20_000;
const types = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };

let browser;

before(async () => {
  browser = await launchChromium();
});

after(() => browser?.close());

/** Runs a test with `open(address)`, which opens tabs that have one profile, and the list of their complaints. */
export function inTabs(name, run) {
  test(name, { timeout: 2 * timeout }, async (t) => {
    versions(t, { chromium: browser.version() });
    const context = await browser.newContext();
    context.setDefaultTimeout(PATIENCE_MS);
    const complaints = [];
    const open = async (address) => {
      const tab = await context.newPage();
      tab.on("pageerror", (error) => complaints.push(error.message));
      tab.on("console", (said) => ["error", "warning"].includes(said.type()) && complaints.push(said.text()));
      await tab.goto(address);
      return tab;
    };
    try {
      await run({ t, open, complaints });
      assert.deepEqual(complaints, [], "complaints of the pages");
    } catch (error) {
      for (const complaint of complaints) t.diagnostic(`a page complained: ${complaint}`);
      throw error;
    } finally {
      await context.close();
    }
  });
}

/** What a page puts into `window.result`. */
export async function resultOf(tab) {
  await until(tab, () => window.result !== undefined);
  return tab.evaluate(() => window.result);
}

/** Waits until a condition holds in a tab. It is asked from here: a strict policy forbids that a page evaluates text. */
export async function until(tab, condition, argument) {
  const end = Date.now() + PATIENCE_MS;
  // A page that is being loaded again cannot say.
  const ask = () => tab.evaluate(condition, argument).catch(({ message }) => message.includes("navigation") && false);
  while (!(await ask())) {
    assert.ok(Date.now() < end, `in vain waited for ${condition}`);
    await delay(20);
  }
}

/** Serves a folder, or whatever `find(path)` makes, with headers; returns its address and how to stop it. */
export async function serve(folder, headers = {}, find = () => undefined) {
  const server = createServer(async ({ url }, response) => {
    const { pathname } = new URL(url, "http://localhost");
    // Which a browser asks for by itself.
    if (pathname === "/favicon.ico") return response.writeHead(204).end();
    try {
      const body = find(pathname) ?? (await readFile(join(folder, normalize(pathname))));
      const type = types[extname(pathname)] ?? "text/html";
      response.writeHead(200, { "content-type": type, ...headers }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { address: `http://127.0.0.1:${server.address().port}`, stop: () => server.close() };
}
