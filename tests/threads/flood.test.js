/** A flood of well-formed frames from one thread: the hall's own work goes on between them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { broadcastChannel, openHall } from "../../js/dist/entry/node.js";
import { payloadOf, withSender } from "../browser/frames.mjs";
import { startThread } from "./threads.mjs";

const HELLO = 2;
const FLOOD_MS = 4_000;

/** A question, as a session asks that has just been opened. */
async function question() {
  const frames = [];
  const adapter = { open: () => {}, send: (frame) => frames.push(frame), close: () => {} };
  const hall = openHall({ name: "threads", agent: "asks", share: [adapter] });
  await delay(10);
  hall.close();
  const found = frames.find((frame) => payloadOf(frame)[0] === HELLO);
  assert.ok(found, "a session that opens asks");
  return found;
}

/** Posts frames again and again, as fast as its own loop allows; tells how many that were. */
const flooder = `
  const { workerData: { frames, ms }, parentPort } = require("node:worker_threads");
  const channel = new BroadcastChannel("statehall/threads");
  const end = performance.now() + ms;
  let posted = 0;
  (function more() {
    for (let i = 0; i < 50; i++) channel.postMessage(frames[posted++ % frames.length]);
    if (performance.now() < end) setTimeout(more, 1);
    else { parentPort.postMessage(posted); channel.close(); }
  })();`;

test("a flood of questions starves nobody", { timeout: 120_000 }, async (t) => {
  const asked = await question();
  const frames = Array.from({ length: 500 }, (_, n) => withSender(asked, 1_000_000 + n));
  const reported = [];
  const hall = openHall({
    name: "threads",
    agent: "main",
    share: [broadcastChannel()],
    onError: (error) => reported.push(error.code),
  });
  const friend = startThread("friend");
  try {
    for (let i = 0; i < 1_000; i++) hall.put(`items/${i}`, { name: `item ${i}`, text: "x".repeat(200) });
    await friend.evaluate(() => until(() => hall.keys("items/*").length === 1_000));

    const before = hall.usage();
    const flood = new Worker(flooder, { eval: true, workerData: { frames, ms: FLOOD_MS } });
    const posted = new Promise((resolve) => flood.once("message", resolve));
    let longest = 0;
    let turns = 0;
    const end = performance.now() + FLOOD_MS;
    for (let last = performance.now(); last < end; ) {
      hall.put("turn", ++turns);
      await delay(5);
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }
    const count = await posted;
    const { framesIn, bytesOut } = hall.usage();
    const heard = framesIn - before.framesIn;
    const sent = bytesOut - before.bytesOut;
    t.diagnostic(
      `${count} questions, ${heard} heard; ${turns} turns of its own, the longest wait ${longest.toFixed(0)} ms; ` +
        `${(sent / 2 ** 20).toFixed(1)} MiB sent, of a state of ${(before.bytes / 2 ** 20).toFixed(2)} MiB`,
    );
    assert.ok(heard > 1_000, "that is no flood");
    assert.ok(longest < 3_000, `it waited ${longest} ms for its turn`);
    // One answer in five milliseconds and no more, however many ask.
    assert.ok(sent < (FLOOD_MS / 5) * 2 * before.bytes, `${sent} bytes were sent`);
    await friend.evaluate((turns) => until(() => hall.get("turn") === turns), turns);
    assert.deepEqual(reported, []);
  } finally {
    await friend.stop();
    hall.close();
  }
});
