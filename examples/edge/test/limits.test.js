/**
 * Start-up time and memory, beside those of a Worker with objects that do nothing.
 *
 * The platform allows 1 s to start and 128 MB in an isolate. workerd's clock stands still while a script runs, so time
 * is taken out here: from starting the process to the first answer of an object. Memory is what the operating system
 * says of the whole process, so it counts the platform's own memory and garbage as well.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { serve } from "./edge.js";

const timeout = 240_000;
const EMPTY = "test/workers/empty.js";
const MEASURED = "test/workers/measured.js";
const MB = 1_048_576;
const show = (bytes) => `${(bytes / MB).toFixed(1)} MB`;

/** Milliseconds from starting workerd to the first answer. */
async function started(entry) {
  let edge;
  const times = [];
  for (let round = 0; round < 7; round++) {
    edge = await serve({ entry });
    assert.equal((await edge.ask("GET", "/rooms/first")).status, 200);
    times.push(edge.age());
    await edge.stop();
  }
  return times.sort((a, b) => a - b)[3];
}

test("it starts far below the limit", { timeout }, async (context) => {
  const empty = await started(EMPTY);
  const edge = await started(undefined);
  const more = edge - empty;
  context.diagnostic(
    `from starting workerd to the first answer, median of 7: ${edge.toFixed(0)} ms; ` +
      `${empty.toFixed(0)} ms with an empty Worker; so the example costs ${more.toFixed(0)} ms`,
  );
  assert.ok(more < 400, `${more} ms`);
});

/** Bytes that the operating system counts for the workerd that this process has started. */
function resident() {
  const processes = execFileSync("ps", ["-axo", "ppid=,rss=,comm="], { encoding: "utf8" }).trim().split("\n");
  const own = processes.map((line) => line.trim().split(/\s+/)).filter(([parent]) => Number(parent) === process.pid);
  const workerd = own.filter(([, , name]) => name.includes("workerd"));
  assert.equal(workerd.length, 1, "one workerd runs");
  return Number(workerd[0][1]) * 1_024;
}

const ROOMS = 100;
const ENTRIES = 20;

/** Asks every room to keep some entries of a kilobyte; returns the bytes of the process. */
async function filled(edge) {
  const json = "x".repeat(1_000);
  for (let entry = 0; entry < ENTRIES; entry++) {
    const put = (_, room) => edge.ask("PUT", `/rooms/r${room}/entries/notes/${entry}`, { json });
    for (const { status } of await Promise.all(Array.from({ length: ROOMS }, put))) assert.ok(status < 300);
  }
  return resident();
}

test("a hundred rooms in one isolate stay far below the limit", { timeout }, async (context) => {
  const idle = await serve({ entry: EMPTY });
  const empty = await filled(idle);
  await idle.stop();

  const edge = await serve({ entry: MEASURED });
  await edge.ask("GET", "/rooms/r0");
  const [kernel] = (await edge.ask("GET", "/memories")).body;
  const full = await filled(edge);
  const memories = (await edge.ask("GET", "/memories")).body;
  await edge.stop();
  const more = full - empty;
  context.diagnostic(
    `the process with ${ROOMS} rooms of ${ENTRIES} kB: ${show(full)}; ${show(empty)} with an empty Worker after as ` +
      `many requests; so the example costs ${show(more)}`,
  );
  context.diagnostic(`the kernel's memory: ${show(kernel)} with one empty room, ${show(memories[0])} with all`);
  assert.equal(memories.length, 1, "all rooms of an isolate use one instance of the kernel");
  assert.ok(more < 64 * MB, show(more));
});

/** Writes until the room has no space; returns the bytes of the process, and the milliseconds of a late write. */
async function crammed(edge) {
  const json = "x".repeat(100_000);
  let last = 0;
  for (let entry = 0; entry < 100; entry++) {
    const begin = performance.now();
    // The example makes nothing of "store"; the empty Worker stores as much as a snapshot has by then.
    const store = Math.min(entry + 1, 41) * 100_000;
    const key = entry < 41 ? entry : 0;
    const { status } = await edge.ask("PUT", `/rooms/full/entries/notes/${key}?store=${store}`, {
      json: `${entry}${json}`,
    });
    assert.ok(status < 300);
    last = performance.now() - begin;
  }
  return { bytes: resident(), last };
}

test("a full room stays far below the limit", { timeout }, async (context) => {
  const idle = await serve({ entry: EMPTY });
  const empty = await crammed(idle);
  await idle.stop();

  const edge = await serve({ entry: MEASURED });
  const full = await crammed(edge);
  assert.equal((await edge.ask("PUT", "/rooms/full/entries/more", { json: "x".repeat(200_000) })).status, 413);
  const [kernel] = (await edge.ask("GET", "/memories")).body;
  assert.ok(kernel < 32 * MB, show(kernel));
  const more = full.bytes - empty.bytes;
  context.diagnostic(
    `the process with a full room, after a hundred writes: ${show(full.bytes)}; ${show(empty.bytes)} with an empty ` +
      `Worker that stores as many bytes; so the example costs ${show(more)}; the kernel's memory is ${show(kernel)}`,
  );
  context.diagnostic(
    `the last write took ${full.last.toFixed(0)} ms, and ${empty.last.toFixed(0)} ms in the empty Worker`,
  );
  assert.ok(more < 64 * MB, show(more));
});
