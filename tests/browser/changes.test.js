/**
 * Changes cross from session to session: each is heard once, with what it replaced, and sessions that write at the same
 * time come to hold the same.
 */

import assert from "node:assert/strict";
import { everywhere, inTabs } from "./tabs.mjs";

inTabs("a watch in one tab hears what another puts and deletes", async (tabs, print) => {
  const [writer, reader] = [await tabs.open("writer"), await tabs.open("reader")];
  await everywhere([writer, reader], () => hall.ready);

  await writer.evaluate(() => {
    hall.put("plan/step", 1, { metadata: { why: "first" } });
  });
  await reader.evaluate(() => until(() => heard.length === 1));
  await writer.evaluate(() => {
    hall.as("helper").put("plan/step", { at: [1, 2] });
  });
  await reader.evaluate(() => until(() => heard.length === 2));
  await writer.evaluate(() => {
    hall.delete("plan/step");
  });
  await reader.evaluate(() => until(() => heard.length === 3));

  const step = { key: "plan/step", watched: "**", initial: false };
  assert.deepEqual(
    await reader.evaluate(() => heard.map((change) => ({ ...change, metadata: change.metadata ?? "none" }))),
    [
      { ...step, old: undefined, value: 1, revision: 1, origin: "writer", metadata: { why: "first" }, deleted: false },
      { ...step, old: 1, value: { at: [1, 2] }, revision: 2, origin: "helper", metadata: "none", deleted: false },
      {
        ...step,
        old: { at: [1, 2] },
        value: undefined,
        revision: 3,
        origin: "writer",
        metadata: "none",
        deleted: true,
      },
    ],
  );
  assert.deepEqual(await reader.evaluate(() => hall.keys()), []);
  assert.equal(await reader.evaluate(() => hall.get("plan/step", "gone")), "gone");

  await writer.evaluate(() => {
    hall.watch("ping", ({ value }) => hall.put("pong", value));
  });
  const trips = await reader.evaluate(async () => {
    const times = [];
    for (let n = 0; n < 200; n++) {
      const began = performance.now();
      await new Promise((resolve) => {
        hall.watch("pong", resolve, { once: true });
        hall.put("ping", n);
      });
      times.push(performance.now() - began);
    }
    return times.sort((a, b) => a - b);
  });
  print(`there and back: median ${trips[100].toFixed(2)} ms, worst of 200 ${trips[199].toFixed(1)} ms`);
});

inTabs("whoever comes late overwrites nothing by reading, and updates what the others have", async (tabs) => {
  const first = await tabs.open("first");
  await first.evaluate(() => {
    hall.put("steps", 41);
    hall.put("gone", 1);
    hall.delete("gone");
  });

  const late = await tabs.open("late");
  const { early, updated } = await late.evaluate(async () => {
    const early = [hall.get("gone", "absent"), hall.has("gone")];
    await hall.ready;
    return { early, updated: hall.update("steps", 0, (steps) => steps + 1) };
  });
  assert.deepEqual(early, ["absent", false]);
  assert.equal(updated, 42);
  assert.deepEqual(await tabs.untilSame(), new Map([["steps", 42]]));
  assert.deepEqual(await first.evaluate(() => heard.at(-1).origin), "late");
});

inTabs("two tabs and a worker that write the same keys at once come to hold the same", async (tabs, print) => {
  const left = await tabs.open("left");
  const writers = [left, await tabs.open("right"), await tabs.startWorker(left, "worker")];
  await meet(writers);

  const results = await everywhere(writers, () => hammer({ keys: 10, ms: 1_000 }));
  const began = performance.now();
  const state = await tabs.untilSame();
  const after = performance.now() - began;

  assert.equal(state.size, 10 + writers.length);
  for (const { others } of results) assert.ok(others > 0, "the writers did not write at the same time");
  for (const writer of writers) {
    const last = await writer.evaluate(() => heard.map(({ key, value }) => [key, value]));
    assert.deepEqual(new Map(last), state, "the last change of a key is its value");
  }
  print(
    `${results.map(({ puts }) => puts).join(" + ")} puts; the same everywhere ${after.toFixed(0)} ms after the last`,
  );
});

/** Waits until all sessions hear one another. */
const meet = (sessions) =>
  everywhere(
    sessions,
    (count) => {
      hall.put(`here/${agent}`, true);
      return until(() => hall.keys("here/*").length === count);
    },
    sessions.length,
  );

inTabs("six workers that write a thousand values each agree, and then are silent", async (tabs, print) => {
  const pages = [await tabs.open("page-1"), await tabs.open("page-2")];
  const workers = [];
  for (let n = 0; n < 6; n++) workers.push(await tabs.startWorker(pages[n % 2], `worker-${n}`));
  const stranger = await tabs.open();
  await meet(workers);

  await stranger.evaluate(() => {
    globalThis.channel = tap("statehall/main");
  });
  const results = await everywhere(workers, () => hammer({ keys: 100, puts: 1_000, turn: 10 }));
  for (const { puts } of results) assert.equal(puts, 1_000);
  const busy = await stranger.evaluate(() => frames.length);
  const state = await tabs.untilSame();
  assert.equal(state.size, 100 + workers.length);

  // A ping follows within two seconds after the last activity; nothing else is due for half a minute then.
  const rest = await stranger.evaluate(async () => {
    const before = frames.length;
    let [count, since] = [before, performance.now()];
    const end = since + 15_000;
    while (performance.now() < since + 2_500) {
      if (frames.length > count) [count, since] = [frames.length, performance.now()];
      if (since > end) throw new Error(`no silence: ${frames.length - before} frames in 15 seconds`);
      await pause();
    }
    return count - before;
  });
  const perSession = await everywhere([...tabs.sessions], () => `${agent} ${hall.usage().framesOut}`);
  assert.ok(rest <= 8 * 6, `${rest} frames after all was said`);
  print(`${busy} frames for 6,000 puts, ${rest} more until silence; frames sent: ${perSession.join(", ")}`);
});
