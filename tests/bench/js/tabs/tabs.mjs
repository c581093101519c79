/** Two tabs, and many workers, in an installed Chromium. Returns rows; see ../report.mjs for their shape. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launchChromium, launchProfile } from "../../../browser/chromium.mjs";
import { quantileRows } from "../contexts/quantiles.mjs";
import { median } from "../store/measure.mjs";
import { serve } from "./site.mjs";

const PUTS = 100_000;
const KEYS = 20_000;
const ROUNDS = 300;
const BURSTS = 3;
const JOINS = 5;
const CHANGES = 40;
const WORKERS = [1, 2, 4, 8, 16, 32];

const summary = (samples) => ({ median: median(samples), min: Math.min(...samples) });

/** What is measured: the table of each, and how. */
const parts = { latency, burst, joining, sessions, contexts };
/** What is to be stored on the disk, which a browser does not do in the profiles that it forgets. */
const STORED = ["contexts"];

/** Measures the parts whose names are wanted; returns the rows and the browser's version. */
export async function measureTabs(wanted, say) {
  const names = Object.keys(parts).filter(wanted);
  if (names.length === 0) return { rows: [] };
  const site = await serve();
  const browser = await launchChromium();
  try {
    const rows = [];
    for (const name of names) {
      say(`tabs: ${name}`);
      // A profile of its own for each, so that nobody else is on its channels.
      const measure = async (context) => {
        rows.push(...(await parts[name](() => openTab(context, site.address))));
        await context.close();
      };
      await (STORED.includes(name) ? withProfile(measure) : measure(await browser.newContext()));
    }
    return { rows, chromium: browser.version() };
  } finally {
    await browser.close();
    site.stop();
  }
}

async function withProfile(measure) {
  const folder = await mkdtemp(join(tmpdir(), "statehall-bench-"));
  try {
    await measure(await launchProfile(folder));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function openTab(context, address) {
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  page.on("pageerror", (error) => {
    throw error;
  });
  await page.goto(`${address}/page.html`);
  await page.waitForFunction(() => globalThis.bench !== undefined);
  return page;
}

async function latency(open) {
  const [here, there] = [await open(), await open()];
  await there.evaluate(() => bench.latency.join(true));
  await here.evaluate(() => bench.latency.join(false));
  const { changes, messages, isolated } = await here.evaluate((rounds) => bench.latency.measure(rounds), ROUNDS);
  if (!isolated) throw new Error("the tabs are not isolated, so their clock is too coarse");
  const row = (subject, samples) => ({ table: "latency", case: "one way", subject, unit: "ms", ...summary(samples) });
  return [row("a change in a hall", changes), row("a bare BroadcastChannel message", messages)];
}

async function burst(open) {
  const [here, there] = [await open(), await open()];
  await there.evaluate(() => bench.burst.join("there"));
  await here.evaluate(() => bench.burst.join("here"));
  await there.evaluate(() => bench.burst.receive());
  const rows = [];
  for (const turns of [1, 100]) {
    const samples = { hall: [], messages: [] };
    let used;
    for (let i = 0; i <= BURSTS; i++) {
      for (const way of ["hall", "messages"]) {
        const send = ({ way, puts, turns }) => bench.burst.send(way, puts, turns);
        const sent = await here.evaluate(send, { way, puts: PUTS, turns });
        // The first burst of each warms up.
        if (i > 0) samples[way].push(sent.took);
        if (way === "hall") used = sent;
      }
    }
    const row = (subject, numbers) => ({
      table: "burst",
      case: turns === 1 ? "in one turn" : `in ${turns} turns`,
      subject,
      ...numbers,
    });
    rows.push(row("through a hall", { unit: "ms", ...summary(samples.hall) }));
    rows.push(row("as one message for each put", { unit: "ms", ...summary(samples.messages) }));
    rows.push(row("frames of the hall", { unit: "", median: used.frames, min: used.frames }));
    rows.push(row("bytes of the hall", { unit: "B", median: used.bytes, min: used.bytes }));
  }
  return rows;
}

async function joining(open) {
  const names = {
    statehall: "statehall",
    yjs: "Yjs, state vector and update",
    tinybase: "TinyBase, its BroadcastChannel synchronizer",
    patient: "TinyBase, the same but waiting 5 s for answers",
  };
  const ways = Object.keys(names);
  const holder = await open();
  for (const way of ways) await holder.evaluate(([way, count]) => bench.joining.hold(way, count), [way, KEYS]);
  const results = Object.fromEntries(ways.map((way) => [way, []]));
  for (let i = 0; i < JOINS; i++) {
    for (const way of ways) {
      const joiner = await open();
      const join = ([way, count]) => bench.joining.join(way, count);
      results[way].push(await joiner.evaluate(join, [way, KEYS]));
      await joiner.close();
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }
  return ways.flatMap((way) => {
    const arrived = Math.min(...results[way].map((result) => result.arrived));
    const row = { table: "joining", subject: names[way] };
    const took = summary(results[way].map((result) => result.took));
    // Who does not get everything has no time, however long it waited.
    const time = arrived === KEYS ? took : { median: null, min: null };
    return [
      { ...row, case: "until complete", unit: "ms", ...time },
      { ...row, case: "keys that arrived", unit: "", median: arrived, min: arrived },
    ];
  });
}

async function sessions(open) {
  const rows = [];
  for (const count of WORKERS) {
    const page = await open();
    const measured = await page.evaluate(([count, changes]) => bench.workers.measure(count, changes), [count, CHANGES]);
    await page.close();
    const subject = `${count} ${count === 1 ? "session" : "sessions"}`;
    const row = (name, unit, numbers) => ({ table: "sessions", case: name, subject, unit, ...numbers });
    const same = (number) => ({ median: number, min: number });
    rows.push(row("until all agree", "ms", summary(measured.times)));
    rows.push(row("a bare message to all", "ms", summary(measured.bare)));
    rows.push(row("bytes a change", "B", same(measured.bytes)));
    rows.push(row("frames a change", "", same(measured.frames)));
    rows.push(row("bytes a second, idle", "B", same(measured.idle)));
    rows.push(row("until all know all", "ms", same(measured.settling)));
  }
  return rows;
}

async function contexts(open) {
  const page = await open();
  const measured = await page.evaluate(() => bench.contexts.measure());
  const inNs = (times) => times.map((ms) => ms * 1e6);
  return measured.flatMap(([name, operation, times]) => quantileRows(name, operation, inNs(times)));
}
