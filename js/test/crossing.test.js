/** What crosses to the kernel and back: text of every length and sort, lists of them, and kernels that were forgotten. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Encoder, readText, writeText } from "../dist/codec.js";
import { begin, refused } from "./support/hall.js";
import { Network } from "./support/network.js";

/** Around the lengths at which text is written or read in another way, and of 1 to 4 bytes a character. */
const texts = ["a", "\u00e9", "\u20ac", "\u{1f600}"].flatMap((character) =>
  [1, 5, 6, 7, 8, 11, 12, 13, 22, 23, 24, 25, 47, 48, 49, 60].flatMap((count) => [
    character.repeat(count),
    `${"x".repeat(count)}${character}`,
    `${character}${"x".repeat(count)}\0`,
  ]),
);
const keys = [...new Set(texts)];

test("text is written as UTF-8 and read back", () => {
  for (const text of texts) {
    const expected = new TextEncoder().encode(text);
    const room = new Uint8Array(expected.length + 4).fill(7);
    assert.equal(writeText(text, room, 2), expected.length + 2);
    assert.deepEqual(room.subarray(2, -2), expected);
    assert.deepEqual([room.at(1), room.at(-2)], [7, 7], "nothing beside it is touched");
    assert.equal(readText(room, 2, expected.length + 2), text);
  }
});

test("keys, selectors, agents and names cross as they are", async (t) => {
  const network = new Network();
  const { hall, clock } = begin(t, { name: "\u20ac/\u{1f600}", share: [network.adapter("a")] });
  for (const key of keys) hall.as(key.slice(0, 30)).put([key], key, { touch: true });
  assert.deepEqual(new Set(hall.toMap().values()), new Set(keys));
  for (const key of keys) {
    assert.equal(hall.get([key]), key);
    assert.equal(hall.entry([key]).origin, key.slice(0, 30));
  }
  const few = keys.slice(3, 9).map((key) => [key]);
  assert.deepEqual(new Set(hall.toMap({ keys: few }).values()), new Set(few.flat()));

  const { hall: peer, clock: other } = begin(t, { name: "\u20ac/\u{1f600}", share: [network.adapter("b")] });
  for (let i = 0; i < 40; i++) {
    await network.exchange();
    for (const each of [clock, other]) await each.advance(100);
  }
  assert.deepEqual(peer.toMap(), hall.toMap());
  for (const key of keys) assert.equal(peer.entry([key]).origin, key.slice(0, 30));
  assert.equal(peer.clear({ keys: few }), few.length);
  assert.equal(peer.keys().length, keys.length - few.length);
});

test("limits cross by name, and a name that is no text is refused", (t) => {
  assert.equal(begin(t, { limits: { entries: 7, queue: 9 } }).hall.limits.queue, 9);
  refused("invalid-argument", () => begin(t, { limits: { nonsense: 7 } }), /there is no limit/);
  refused("invalid-argument", () => begin(t, { limits: { "\ud800": 7 } }), /well-formed/);
  refused("invalid-argument", () => begin(t, { limits: { entries: 2 ** 53 - 1 } }), /the limit entries is from/);
});

test("values are appended after their lengths, also when the buffer grows", () => {
  const encoder = new Encoder(4);
  const values = [1, "x".repeat(300), [1, 2]];
  for (const value of values) encoder.append(value);
  const bytes = encoder.bytes();
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const lengths = [];
  for (let at = 0; at < bytes.length; at += 4 + lengths.at(-1)) lengths.push(view.getUint32(at, true));
  assert.deepEqual(lengths, [1, 303, 3]);
});

test("the kernel of a hall that was forgotten without being closed is freed", async () => {
  const program = `
    const { Instance } = WebAssembly;
    let memory;
    WebAssembly.Instance = function (...args) {
      const instance = new Instance(...args);
      memory = instance.exports.memory;
      return instance;
    };
    const { openHall } = await import("statehall");
    const size = [];
    for (let round = 0; round < 12; round++) {
      for (let n = 0; n < 20; n++) openHall().put("key", "k", { metadata: { round } });
      for (let n = 0; n < 20; n++) for (let m = 0, hall = openHall(); m < 500; m++) hall.put("key" + m, m);
      for (let n = 0; n < 5; n++) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        gc();
      }
      size.push(memory.buffer.byteLength);
    }
    console.log(JSON.stringify(size));`;
  const args = ["--expose-gc", "--input-type=module", "--eval", program];
  const cwd = fileURLToPath(new URL("..", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd, timeout: 60_000 });
  const sizes = JSON.parse(stdout);
  assert.ok(sizes.at(-1) <= 2 * sizes[1], `the kernel's memory grew: ${sizes}`);
});
