/**
 * Whoever joins gets everything, however much there is and however busy the others are: no timeout decides what.
 */

import assert from "node:assert/strict";
import { inTabs } from "./tabs.mjs";

/** Keeps a tab from doing anything else; returns when that has begun. `over` says whether it has ended. */
async function keepBusy(page, work) {
  const begun = page.waitForEvent("console", (message) => message.text() === "busy");
  const busy = { over: false };
  busy.ended = page.evaluate(work).then(() => {
    busy.over = true;
  });
  await Promise.race([begun, busy.ended]);
  return busy;
}

/** Opens the hall in a tab that is there already, so that no page load is in the figure; returns what was there then. */
const joinAndCount = async (page) => {
  await page.evaluate(() => {
    globalThis.hall = join({ agent: "late" });
    return hall.ready;
  });
  return page.evaluate(() => ({ ready, count: hall.keys().length }));
};

inTabs("a late joiner gets 20,000 keys, and is ready when they are there", async (tabs, print) => {
  const first = await tabs.open("first");
  await first.evaluate(() => {
    for (let i = 0; i < 20_000; i++) hall.put(`items/${i}`, { name: `item ${i}`, price: i / 4, tags: ["a", "b"] });
  });
  const late = await tabs.open();
  const { ready, count } = await joinAndCount(late);
  assert.equal(count, 20_000);
  print(`20,000 keys joined in ${ready.toFixed(0)} ms`);

  const state = await tabs.untilSame([first, late]);
  assert.deepEqual(state.get("items/19999"), { name: "item 19999", price: 4999.75, tags: ["a", "b"] });
  // The sender knows nothing that the other does not: one more write is all that it has to say.
  await first.evaluate(() => {
    hall.put("more", true);
  });
  await late.evaluate(() => until(() => hall.get("more") === true));
});

inTabs(
  "a joiner is ready, with nothing, while the only peer is busy, and gets everything once it is not",
  async (tabs, print) => {
    const first = await tabs.open("first");
    const late = await tabs.open();
    await first.evaluate(() => {
      for (let i = 0; i < 5_000; i++) hall.put(`items/${i}`, i);
      return hall.ready;
    });

    const busy = await keepBusy(first, () => {
      console.info("busy");
      block(3_000);
    });
    const { ready, count } = await joinAndCount(late);
    assert.equal(busy.over, false, "the peer was not busy for long enough");
    assert.equal(count, 0);
    assert.ok(ready >= 245 && ready < 2_000, `ready after ${ready} ms, not after the quiet time`);

    await late.evaluate(() => hall.put("from/late", 1));
    await busy.ended;
    const began = performance.now();
    await late.evaluate(() => until(() => hall.keys("items/*").length === 5_000));
    const waited = performance.now() - began;
    assert.equal((await tabs.untilSame([first, late])).size, 5_001);
    print(`ready after ${ready.toFixed(0)} ms of silence; everything ${waited.toFixed(0)} ms after the peer was free`);
  },
);

inTabs("a joiner that comes in the middle of a burst misses nothing of it", async (tabs, print) => {
  const first = await tabs.open("first");
  const late = await tabs.open();
  const busy = await keepBusy(first, async () => {
    for (let round = 0; round < 15; round++) {
      for (let i = 0; i < 400; i++) hall.put(`items/${round * 400 + i}`, `round ${round}`);
      for (let i = 0; i < 10; i++) hall.delete(`items/${round * 400 + i}`);
      hall.put("round", round);
      block(150);
      if (round === 3) console.info("busy");
      await pause();
    }
  });
  const { count } = await joinAndCount(late);
  assert.equal(busy.over, false, "the burst was over before the joiner came");
  await busy.ended;
  await late.evaluate(() => until(() => hall.get("round") === 14));
  const state = await tabs.untilSame([first, late]);
  assert.equal(state.size, 15 * 390 + 1);
  print(`${count} keys when ready, ${state.size} in the end`);
});

inTabs("a joiner gets everything of a peer that is blocked before it could say anything", async (tabs) => {
  const first = await tabs.open("first");
  const late = await tabs.open();
  const busy = await keepBusy(first, () => {
    for (let i = 0; i < 3_000; i++) hall.put(`items/${i}`, "before");
    console.info("busy");
    block(1_000);
    for (let i = 0; i < 3_000; i++) hall.put(`items/${i}`, "after");
  });
  const { count } = await joinAndCount(late);
  assert.equal(count, 0);
  await busy.ended;
  await late.evaluate(() => until(() => hall.keys().length === 3_000));
  assert.deepEqual(new Set((await tabs.untilSame([first, late])).values()), new Set(["after"]));
});

inTabs("large values and a large state cross in fragments", async (tabs, print) => {
  const [first, second] = [await tabs.open("first"), await tabs.open("second")];
  const late = await tabs.open();
  /** Bytes and text of a given size, no two alike. */
  await first.evaluate(async () => {
    await hall.ready;
    globalThis.bytesOf = (size, seed) => Uint8Array.from({ length: size }, (_, i) => (i * (seed + 7) + (i >> 8)) & 255);
    hall.put("large", bytesOf(900_000, 1));
    for (let i = 0; i < 42; i++) hall.put(`text/${i}`, `${i} `.repeat(50_000).slice(0, 100_000));
  });
  /** The hash of all that a session holds. */
  const digest = async () => {
    const hex = async (bytes) =>
      Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)), (byte) => byte.toString(16)).join();
    const texts = [...hall.toMap("text/*").values()];
    return {
      texts: texts.length,
      text: await hex(new TextEncoder().encode(texts.join())),
      large: await hex(hall.get("large")),
    };
  };
  const expected = await first.evaluate(digest);
  assert.equal(expected.texts, 42);

  await second.evaluate(() => until(() => hall.keys().length === 43));
  assert.deepEqual(await second.evaluate(digest), expected);
  const { ready, count } = await joinAndCount(late);
  assert.equal(count, 43);
  assert.deepEqual(await late.evaluate(digest), expected);

  const { bytesIn, framesIn } = await late.evaluate(() => hall.usage());
  assert.ok(bytesIn > 5_000_000 && framesIn > bytesIn / 65_536, `${bytesIn} bytes in ${framesIn} frames`);
  print(`${bytesIn} bytes in ${framesIn} frames joined in ${ready.toFixed(0)} ms`);
});
