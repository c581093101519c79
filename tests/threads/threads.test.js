/**
 * Node: threads of one process share a hall, over BroadcastChannel or over a port, and an open hall never keeps a process
 * alive.
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { MessageChannel } from "node:worker_threads";
import { broadcastChannel, messagePort, openHall } from "../../js/dist/entry/inline.js";
import { startThread } from "./threads.mjs";

const timeout = 60_000;
const entry = new URL("../../js/dist/entry/inline.js", import.meta.url);

/** Waits until a condition holds. */
async function until(condition) {
  const end = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`waited in vain for ${condition}`);
    await delay(1);
  }
}

test("two threads and the main thread write into one hall", { timeout }, async () => {
  const hall = openHall({ name: "threads", agent: "main", share: [broadcastChannel()] });
  const threads = [startThread("one"), startThread("two")];
  try {
    await Promise.all(threads.map((thread) => thread.evaluate(() => hall.ready)));
    /** A thousand puts to ten keys that the others write, too, a few a turn. */
    const hammer = async () => {
      for (let i = 0; i < 1_000; i++) {
        hall.put(`keys/${i % 10}`, `${hall.agent} ${i}`);
        if (i % 10 === 9) await new Promise((resolve) => setImmediate(resolve));
      }
      hall.put(`done/${hall.agent}`, true);
      await until(() => hall.keys("done/*").length === 3);
    };
    await Promise.all([hammer(), ...threads.map((thread) => thread.evaluate(hammer))]);

    // What a session told before it was done has arrived with that: all hold the same.
    const state = () => [...hall.toMap()];
    for (const thread of threads) assert.deepEqual(await thread.evaluate(state), state());
    assert.equal(hall.keys().length, 13);
  } finally {
    await Promise.all(threads.map((thread) => thread.stop()));
    hall.close();
  }
});

test("threads at the ends of a port are one hall, and the later one gets 20,000 keys", { timeout }, async (t) => {
  const { port1, port2 } = new MessageChannel();
  const hall = openHall({ name: "threads", agent: "main", share: [messagePort(port1)] });
  let thread;
  try {
    for (let i = 0; i < 20_000; i++) hall.put(`items/${i}`, { name: `item ${i}`, price: i / 4 });
    await hall.ready;
    thread = startThread("late", port2);
    const { count, ms } = await thread.evaluate(async () => {
      const began = performance.now();
      await hall.ready;
      const count = hall.keys().length;
      await until(() => hall.keys().length === 20_000);
      return { count, ms: performance.now() - began };
    });
    t.diagnostic(`20,000 keys joined in ${ms.toFixed(0)} ms, ${count} of them when it was ready`);

    await thread.evaluate(() => {
      hall.delete("items/7");
      hall.put("items/8", "changed");
    });
    await until(() => hall.get("items/8") === "changed");
    assert.equal(hall.has("items/7"), false);
    assert.deepEqual(await thread.evaluate(() => [...hall.toMap()]), [...hall.toMap()]);
  } finally {
    await thread?.stop();
    hall.close();
    port1.close();
  }
});

/** Runs a program that opens a shared hall; returns what it printed and how many milliseconds it took. */
async function run(program, { within }) {
  const began = performance.now();
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const killed = setTimeout(() => child.kill(), within);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (text) => {
      output += text;
    });
  }
  const [code, signal] = await once(child, "close");
  clearTimeout(killed);
  assert.equal(signal, null, `still running after ${within} ms: ${output}`);
  assert.equal(code, 0, output);
  return { output: output.trim(), ms: performance.now() - began };
}

for (const share of ["true", "[broadcastChannel()]", "false"]) {
  test(`an open hall with share: ${share} keeps no process alive`, { timeout }, async (t) => {
    const { output, ms } = await run(
      `import { openHall, broadcastChannel } from ${JSON.stringify(entry.href)};
      const hall = openHall({ name: "left open", share: ${share} });
      hall.watch("**", ({ key, value }) => console.log(key, value));
      hall.put("a", 1);
      hall.put("expires", 1, { ttl: 60_000 });`,
      { within: 5_000 },
    );
    assert.equal(output, "a 1\nexpires 1");
    t.diagnostic(`exited ${ms.toFixed(0)} ms after it was started`);
  });
}

test("a program may wait for ready before it does anything else, and ends by itself", { timeout }, async () => {
  const { output } = await run(
    `import { openHall } from ${JSON.stringify(entry.href)};
    const began = performance.now();
    const hall = openHall({ share: true });
    await hall.ready;
    console.log(performance.now() - began >= 245 ? "after the quiet time" : "too early");
    const alone = openHall();
    await alone.ready;
    console.log("alone at once");`,
    { within: 5_000 },
  );
  assert.equal(output, "after the quiet time\nalone at once");
});
