/**
 * What the kernel accepts the codec reads, and writes as it was; what the kernel refuses never arrives there. The kernel
 * judges, as it does for bytes from other tabs: each input is the value of a cell in a snapshot that a hall restores.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { StatehallError } from "statehall";
import { decode, encode } from "../dist/codec.js";
import { admit } from "../dist/value.js";
import { begin } from "./support/hall.js";

const limits = { valueBytes: 1 << 26, valueDepth: 64 };

/** The lines of a file of `tests`, without comments. */
function lines(path) {
  const text = readFileSync(new URL(`../../tests/${path}`, import.meta.url), "utf8");
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

function bytesOf(hex) {
  return new Uint8Array(Buffer.from(hex === "-" ? "" : hex, "hex"));
}

function hexOf(bytes) {
  return Buffer.from(bytes).toString("hex");
}

/** Spreads the bits of a number, as `mix` of src/codec.rs does. */
function mix(number) {
  const word = (wide) => BigInt.asUintN(64, wide);
  let mixed = word((number ^ (number >> 30n)) * 0xbf58476d1ce4e5b9n);
  mixed = word((mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn);
  return mixed ^ (mixed >> 31n);
}

/** The checksum at the end of a snapshot. */
function checksum(bytes) {
  const padded = Buffer.alloc(8 * Math.floor(bytes.length / 8) + 8);
  padded.set(bytes);
  let state = 0x9e3779b97f4a7c15n ^ BigInt(bytes.length);
  for (let at = 0; at < padded.length; at += 8) state = mix(state ^ padded.readBigUInt64LE(at));
  return state;
}

function varint(number) {
  return number < 0x80 ? [number] : [(number % 0x80) | 0x80, ...varint(Math.floor(number / 0x80))];
}

/** A snapshot of one entry `k` with these bytes as its value, written in this millisecond. */
function snapshotOf(value, ms) {
  const body = [1, 1, 0x6f, ...value];
  const session = [7, 0, 0, 0, 0, 0, 0, 0];
  const cell = [1, 0x6b, ...varint(ms * 0x10000), ...session, ...varint(body.length), ...body];
  const bytes = [...Buffer.from("hall"), 1, 0, 0, 0, 0, 1, ...cell];
  const end = Buffer.alloc(8);
  end.writeBigUInt64LE(checksum(bytes));
  return new Uint8Array([...bytes, ...end]);
}

/** A judge: the value that the package makes of bytes, in an array; undefined if it refuses them. */
function judge(t) {
  const { hall } = begin(t);
  let ms = 0;
  return (bytes) => {
    ms += 1;
    try {
      hall.restore(snapshotOf(bytes, ms));
    } catch (error) {
      assert.ok(error instanceof StatehallError && error.code === "invalid-snapshot", `${hexOf(bytes)}: ${error}`);
      return undefined;
    }
    return [hall.get("k")];
  };
}

/** The bytes of a small kind and a number, in the shortest form. */
function head(kind, number) {
  const wide = Buffer.alloc(8);
  wide.writeBigUInt64BE(BigInt(number));
  const size = [1, 2, 4, 8].find((size) => BigInt(number) < 1n << BigInt(8 * size));
  if (number < 24) return [(kind << 5) | Number(number)];
  return [(kind << 5) | (24 + Math.log2(size)), ...wide.subarray(8 - size)];
}

/** Sound bytes as JavaScript writes them, which writes whole floats as integers: byte by byte, without the codec. */
function asWritten(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const out = [];
  let at = 0;
  let items = 1;
  for (; items > 0; items--) {
    const [start, kind, low] = [at, bytes[at] >> 5, bytes[at] & 31];
    at += 1;
    let number = low;
    if (low >= 24) {
      const size = 1 << (low - 24);
      at += size;
      number = Number(BigInt(`0x${hexOf(bytes.subarray(start + 1, at))}`));
    }
    if (kind === 2 || kind === 3) at += number;
    if (kind === 4) items += number;
    if (kind === 5) items += 2 * number;
    const float = kind === 7 && low === 27 ? view.getFloat64(start + 1) : Number.NaN;
    if (!Number.isSafeInteger(float)) out.push(...bytes.subarray(start, at));
    else out.push(...(float < 0 ? head(1, -1 - float) : head(0, float)));
  }
  assert.equal(at, bytes.length);
  return new Uint8Array(out);
}

/** Checks one input; true if it was accepted. */
function check(judged, bytes) {
  const accepted = judged(bytes);
  if (accepted === undefined) return false;
  const hex = hexOf(bytes);
  const value = decode(bytes);
  assert.deepEqual(accepted[0], value, hex);
  const { value: admitted, size } = admit(value, undefined, limits);
  const again = encode(admitted);
  assert.equal(hexOf(again), hexOf(asWritten(bytes)), hex);
  assert.equal(again.length, size, hex);
  // Which zero it was is not kept.
  assert.ok(admit(decode(again), admitted, limits).same, hex);
  return true;
}

/** The two values of an input of the fuzz target `value`: the first says how long it is. */
function pair(input) {
  const end = 1 + (input[0] ?? 0);
  return [input.subarray(1, end), input.subarray(end)];
}

/** The bytes with something wrong: cut off at each place, and with some other byte there. */
function* damaged(bytes) {
  for (let at = 0; at < bytes.length; at++) {
    yield bytes.slice(0, at);
    for (const change of [0x01, 0x02, 0x08, 0x20, 0x40, 0x80]) {
      const other = bytes.slice();
      other[at] ^= change;
      yield other;
    }
  }
}

test("the package judges the shared vectors as they say", (t) => {
  const judged = judge(t);
  for (const line of lines("fixtures/codec.txt")) {
    const [verdict, hex] = line.split(" ");
    assert.equal(check(judged, bytesOf(hex)), verdict !== "bad", line);
  }
});

test("what the fuzzer keeps is refused, or read and written as it was, and so is what is near it", (t) => {
  const judged = judge(t);
  const counts = { true: 0, false: 0 };
  for (const input of lines("fuzz/corpora/value.txt").map(bytesOf)) {
    for (const value of pair(input)) {
      counts[check(judged, value)] += 1;
      for (const other of damaged(value.subarray(0, 200))) counts[check(judged, other)] += 1;
    }
  }
  t.diagnostic(`${counts.true} accepted, ${counts.false} refused`);
  assert.ok(counts.true > 1_000 && counts.false > 1_000, "both happen");
});
