/**
 * Tests in real tabs: each has a browser profile of its own, so that only its own tabs hear one another.
 *
 * A session is whatever has `evaluate`: a tab, a frame, a worker. What its realm keeps at hand is in site/realm.js.
 * At the end of every test the sessions that are left must have heard a faultless sequence of changes, and nothing may
 * have been reported as an error that the test did not take away.
 */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { launchChromium } from "./chromium.mjs";
import { hideableTabs } from "./hideable.mjs";
import { serveSite } from "./site.mjs";

const PATIENCE_MS = 20_000;

let browser;
let site;

before(async () => {
  site = await serveSite();
  browser = await launchChromium();
});

after(async () => {
  await browser?.close();
  site?.stop();
});

/** Runs a test; `run` is given the tabs and how to print a figure. */
export function inTabs(name, run, timeout = 90_000) {
  test(name, { timeout }, async (t) => {
    const tabs = new Tabs(await browser.newContext());
    try {
      await run(tabs, (figure) => t.diagnostic(figure));
      await tabs.check();
    } finally {
      await tabs.close();
    }
  });
}

class Tabs {
  /** Who is to be in order at the end; a session that was closed or killed has been taken out. */
  sessions = new Set();
  errors = [];

  constructor(context) {
    context.setDefaultTimeout(PATIENCE_MS);
    this.context = context;
  }

  /** Where a tab or frame joins the hall for an agent, or only looks on. */
  addressFor(agent) {
    return `${site.address}/page.html${agent ? `?agent=${agent}` : ""}`;
  }

  /** Opens a tab that joins the hall for an agent, or only looks on. */
  async open(agent) {
    const page = await this.context.newPage();
    page.on("pageerror", (error) => this.errors.push(error.message));
    page.on("close", () => this.sessions.delete(page));
    page.on("crash", () => this.sessions.delete(page));
    await page.goto(this.addressFor(agent));
    if (agent) this.sessions.add(page);
    return page;
  }

  /** Opens a tab, in a profile of its own kind, that is hidden by the next one and can be frozen. */
  async openHideable(agent) {
    // One profile, even for tabs that are opened at once.
    this.hideable ??= hideableTabs(browser);
    const tab = await (await this.hideable).open(this.addressFor(agent));
    this.sessions.add(tab);
    return tab;
  }

  /** Starts a dedicated worker of a tab, in the hall. */
  async startWorker(page, agent) {
    const [worker] = await Promise.all([
      page.waitForEvent("worker"),
      page.evaluate((agent) => startWorker(agent), agent),
    ]);
    page.on("close", () => this.sessions.delete(worker));
    this.sessions.add(worker);
    return worker;
  }

  /** Starts a shared worker from a tab, in the hall. */
  async startSharedWorker(page, agent) {
    await page.evaluate((agent) => {
      globalThis.inSharedWorker = startSharedWorker(agent);
    }, agent);
    const session = {
      evaluate: (work, argument) =>
        page.evaluate((code) => inSharedWorker(code), `(${work})(${JSON.stringify(argument)})`),
    };
    this.sessions.add(session);
    return session;
  }

  /** Adds a frame to a tab, in the hall. */
  async addFrame(page, agent, sandbox) {
    const address = this.addressFor(agent);
    const [frame] = await Promise.all([
      page.waitForEvent("framenavigated", (frame) => frame.url() === address),
      page.evaluate(
        ({ address, sandbox }) => {
          const element = document.createElement("iframe");
          if (sandbox !== undefined) element.sandbox = sandbox;
          element.src = address;
          document.body.append(element);
          return new Promise((resolve) => element.addEventListener("load", resolve));
        },
        { address, sandbox },
      ),
    ]);
    page.on("close", () => this.sessions.delete(frame));
    this.sessions.add(frame);
    return frame;
  }

  /** Waits until all sessions hold the same, and returns that. */
  async untilSame(sessions = [...this.sessions]) {
    const end = Date.now() + PATIENCE_MS;
    for (;;) {
      const states = await everywhere(sessions, () => state());
      if (new Set(states).size === 1) return new Map(JSON.parse(states[0]));
      if (Date.now() > end) assert.fail(`the sessions still differ: ${differences(states)}`);
      await delay(20);
    }
  }

  async check() {
    assert.deepEqual(this.errors, [], "errors of the pages");
    for (const session of this.sessions) {
      const { agent, jumps, errors } = await session.evaluate(() => ({ agent, jumps, errors }));
      assert.deepEqual(jumps.slice(0, 5), [], `what ${agent} heard`);
      assert.deepEqual(errors, [], `what was reported to ${agent}`);
    }
  }

  async close() {
    await (await this.hideable)?.close();
    await this.context.close();
  }
}

/** Evaluates the same in several sessions at once. */
export const everywhere = (sessions, work, argument) =>
  Promise.all(sessions.map((session) => session.evaluate(work, argument)));

/** The agents of all that a session knows to be here, in order. */
export const agentsAt = (session) =>
  session.evaluate(() =>
    hall
      .sessions()
      .map(({ agent }) => agent)
      .sort(),
  );

/** Waits until a session knows exactly these to be here, itself included. */
export const untilHere = (session, agents) =>
  session.evaluate(
    (wanted) =>
      until(
        () =>
          hall
            .sessions()
            .map(({ agent }) => agent)
            .sort()
            .join() === wanted,
      ),
    [...agents].sort().join(),
  );

function differences(states) {
  const maps = states.map((state) => new Map(JSON.parse(state)));
  const keys = [...new Set(maps.flatMap((map) => [...map.keys()]))];
  const differing = keys.filter((key) => new Set(maps.map((map) => JSON.stringify(map.get(key)))).size > 1);
  const shown = differing
    .slice(0, 3)
    .map((key) => `${key}: ${maps.map((map) => JSON.stringify(map.get(key))).join(" / ")}`);
  return `${differing.length} of ${keys.length} keys, such as ${shown.join("; ")}`;
}
