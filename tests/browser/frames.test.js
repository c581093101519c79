/**
 * Whatever else is sent on a hall's channel changes nothing: it is counted and reported, and the hall goes on. Peers of
 * newer versions are understood where they say that they can be, and named where not.
 *
 * Genuine frames come from a tab in another browser profile, whose writes the hall under test has never heard of: one that
 * got through would show.
 */

import assert from "node:assert/strict";
import { payloadOf, withPayload, withVersion } from "./frames.mjs";
import { inTabs } from "./tabs.mjs";

/** What a message begins with. */
const OPS = 1;
const UNKNOWN = 77;

inTabs("foreign and damaged messages change nothing, each is counted and reported", async (tabs, print) => {
  const { receiver, stranger } = await hallAndStranger(tabs);
  const genuine = await genuineFrame(tabs, "main");
  const elsewhere = await genuineFrame(tabs, "elsewhere");

  const messages = await stranger.evaluate(() => {
    const noise = (size) => Uint8Array.from({ length: size }, (_, i) => (i * 7919) >> 3);
    const buffers = [
      new Uint8Array(),
      new Uint8Array(1),
      noise(64),
      noise(100_000),
      noise(5_000_000),
      noise(999).buffer,
    ];
    const others = ["hello", "", 42, null, undefined, true, [1, 2], { type: "put", key: "a" }, new Map([[1, 2]])];
    const views = [new Uint16Array(50), new DataView(new ArrayBuffer(50)), new Blob(["frame"]), new Error("frame")];
    const all = [...buffers, ...others, ...views];
    for (const message of all) channel.postMessage(message);
    return all.length;
  });
  const damaged = [elsewhere, Uint8Array.of(...genuine, 0)];
  for (let at = 0; at < genuine.length; at++) {
    damaged.push(genuine.subarray(0, at));
    for (let bit = 0; bit < 8; bit++) damaged.push(genuine.with(at, genuine[at] ^ (1 << bit)));
  }
  await post(stranger, damaged);

  await refused(receiver, messages + damaged.length);
  print(`${messages} foreign messages and ${damaged.length} damaged frames refused`);

  // The very frame that all this was made of is taken in.
  await post(stranger, [genuine]);
  await receiver.evaluate(() => until(() => hall.get("stray") === "frame"));
});

inTabs("frames that are sealed as they should be, but make no sense, change nothing", async (tabs) => {
  const { receiver, stranger } = await hallAndStranger(tabs);
  const genuine = await genuineFrame(tabs, "main");
  const payload = payloadOf(genuine);

  const senseless = [withPayload(genuine, [...payload, 0]), withPayload(genuine, [UNKNOWN])];
  for (let end = 0; end < payload.length; end++) senseless.push(withPayload(genuine, payload.subarray(0, end)));
  await post(stranger, senseless);

  await refused(receiver, senseless.length);
});

inTabs("a newer peer is understood as far as it says that it can be", async (tabs) => {
  const { receiver, stranger } = await hallAndStranger(tabs);
  const genuine = await genuineFrame(tabs, "main");

  const unknown = withPayload(withVersion(genuine, 2, 1), [UNKNOWN, 1, 2, 3]);
  await post(stranger, [unknown, withVersion(genuine, 2, 1)]);
  await receiver.evaluate(() => until(() => hall.get("stray") === "frame"));
  assert.equal(await receiver.evaluate(() => hall.usage().framesDropped), 0);
});

inTabs("a peer that is too new is named as such", async (tabs) => {
  const { receiver, stranger } = await hallAndStranger(tabs);
  const genuine = await genuineFrame(tabs, "main");

  await post(stranger, [withVersion(genuine, 9, 2)]);
  await refused(receiver, 1, "peer-version");
});

/** A hall of two tabs, and a tab that is not in it but on its channel. */
async function hallAndStranger(tabs) {
  const [receiver, friend] = [await tabs.open("receiver"), await tabs.open("friend")];
  await friend.evaluate(() => hall.put("kept", { safe: true }));
  await receiver.evaluate(() => until(() => hall.has("kept")));
  receiver.friend = friend;
  const stranger = await tabs.open();
  await stranger.evaluate(() => {
    globalThis.channel = tap("statehall/main");
  });
  return { receiver, stranger };
}

/** The frame by which a session in a profile of its own tells of one put. */
async function genuineFrame(tabs, name) {
  const context = await tabs.context.browser().newContext();
  try {
    const page = await context.newPage();
    await page.goto(tabs.addressFor());
    const frames = await page.evaluate(async (name) => {
      tap(`statehall/${name}`);
      globalThis.hall = join({ name, agent: "stray" });
      await hall.ready;
      hall.put("stray", "frame");
      hall.close(); // whose goodbye is the last frame
      await until(() => frames.length >= 3);
      return frames.map((frame) => [...frame]);
    }, name);
    const told = frames.map((frame) => Uint8Array.from(frame)).filter((frame) => payloadOf(frame)[0] === OPS);
    assert.equal(told.length, 1);
    return told[0];
  } finally {
    await context.close();
  }
}

const post = (stranger, frames) =>
  stranger.evaluate(
    (frames) => {
      for (const frame of frames) channel.postMessage(Uint8Array.from(frame));
    },
    frames.map((frame) => [...frame]),
  );

/** Waits until that many messages were refused; nothing else has happened then, and the hall goes on. */
async function refused(receiver, count, code = "invalid-frame") {
  await receiver.evaluate((count) => until(() => hall.usage().framesDropped >= count), count);
  await receiver.friend.evaluate(() => hall.put("still", "here"));
  await receiver.evaluate(() => until(() => hall.get("still") === "here"));

  const { dropped, codes, keys, kept } = await receiver.evaluate(() => ({
    dropped: hall.usage().framesDropped,
    codes: errors.splice(0),
    keys: heard.map(({ key }) => key),
    kept: hall.get("kept"),
  }));
  assert.equal(dropped, count);
  assert.deepEqual([codes.length, [...new Set(codes)]], [count, [code]], "what was reported");
  assert.deepEqual(keys, ["kept", "still"]);
  assert.deepEqual(kept, { safe: true });
  await receiver.friend.evaluate(() => errors.splice(0));
}
