/** The codec: the shared vectors and round trips of random values. What is refused is refused by the kernel. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { decode, Encoder, encode } from "../dist/codec.js";
import { admit } from "../dist/value.js";

const fixture = readFileSync(new URL("../../tests/fixtures/codec.txt", import.meta.url), "utf8");
const vectors = fixture
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => {
    const [verdict, hex, ...rest] = line.split(" ");
    return { verdict, bytes: new Uint8Array(Buffer.from(hex === "-" ? "" : hex, "hex")), text: rest.join(" "), line };
  });
const limits = { valueBytes: 1 << 26, valueDepth: 64 };

/** The value of a diagnostic notation. */
function parse(text) {
  let at = 0;
  const token = (pattern) => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found) at = pattern.lastIndex;
    return found?.[0];
  };
  const value = () => {
    if (token(/\[/y)) return items("]", value);
    if (token(/\{/y)) return Object.fromEntries(items("}", member));
    const bytes = token(/h'[0-9a-f]*'/y);
    if (bytes !== undefined) return new Uint8Array(Buffer.from(bytes.slice(2, -1), "hex"));
    const scalar = token(/"(?:[^"\\]|\\.)*"|-?[A-Za-z0-9.+-]+/y);
    if (scalar === "NaN" || scalar?.endsWith("Infinity")) return Number(scalar);
    if (!/^-?\d+$/.test(scalar)) return JSON.parse(scalar);
    return Number.isSafeInteger(Number(scalar)) ? Number(scalar) : BigInt(scalar);
  };
  const member = () => {
    const name = value();
    assert.ok(token(/: /y));
    return [name, value()];
  };
  const items = (end, item) => {
    const found = [];
    while (text[at] !== end) {
      if (found.length > 0) assert.ok(token(/, /y));
      found.push(item());
    }
    at += 1;
    return found;
  };
  const parsed = value();
  assert.equal(at, text.length, `diagnostic notation ${text}`);
  return parsed;
}

function assertFrozen(value) {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return;
  assert.ok(Object.isFrozen(value));
  Object.values(value).forEach(assertFrozen);
}

/** A small generator of repeatable numbers: mulberry32. */
function generator(seed) {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** Runs `check` with many seeds; `SEED` runs one again. */
function eachSeed(count, check) {
  const first = process.env.SEED === undefined ? 1 : Number(process.env.SEED);
  const last = process.env.SEED === undefined ? count : first;
  for (let seed = first; seed <= last; seed++) {
    try {
      check(generator(seed));
    } catch (error) {
      throw new Error(`failed with SEED=${seed}`, { cause: error });
    }
  }
}

const units = [
  "a",
  "b",
  "z",
  "_",
  " ",
  "\0",
  "\u007f",
  "\u0080",
  "\u07ff",
  "\u0800",
  "\ufeff",
  "\uffff",
  "\u{10000}",
  "\u{10ffff}",
];
const names = ["__proto__", "constructor", "toString", "length", "0", "10"];

function randomText(random) {
  const length = random(10) === 0 ? random(400) : random(8);
  return Array.from({ length }, () => units[random(random(2) === 0 ? 5 : units.length)]).join("");
}

function randomValue(random, depth = 4) {
  switch (random(depth > 0 ? 11 : 8)) {
    case 0:
      return [null, true, false, NaN, Infinity, -Infinity, 5e-324, -0][random(8)];
    case 1:
      return random(600) - 300;
    case 2:
      return (random(2) === 0 ? 1 : -1) * (2 ** random(60) + random(3) - 1);
    case 3:
      return (random(2 ** 30) - 2 ** 29) / 2 ** random(40);
    case 4:
    case 5:
      return randomText(random);
    case 6:
      return Uint8Array.from({ length: random(30) }, () => random(256));
    case 7:
      return (random(2) === 0 ? 1n : -1n) * (2n ** 53n + 1n + BigInt(random(2 ** 32)) * BigInt(random(2 ** 30)));
    case 8:
      return Array.from({ length: random(6) }, () => randomValue(random, depth - 1));
    default: {
      const name = () => (random(8) === 0 ? names[random(names.length)] : randomText(random));
      return Object.fromEntries(Array.from({ length: random(6) }, () => [name(), randomValue(random, depth - 1)]));
    }
  }
}

test("the shared vectors: what is accepted, and how it is written", () => {
  for (const { verdict, bytes, text, line } of vectors.filter(({ verdict }) => verdict !== "bad")) {
    const expected = parse(text);
    const value = decode(bytes);
    assert.deepEqual(value, expected, line);
    assertFrozen(value);
    const again = Buffer.from(encode(admit(value, undefined, limits).value)).toString("hex");
    if (verdict === "ok") assert.equal(again, Buffer.from(bytes).toString("hex"), line);
    else assert.notEqual(again, Buffer.from(bytes).toString("hex"), line);
    assert.equal(Buffer.from(encode(admit(expected, undefined, limits).value)).toString("hex"), again, line);
  }
});

test("long items have long heads", () => {
  for (const length of [65535, 65536, 100_000]) {
    for (const value of ["x".repeat(length), "\u6c34".repeat(length), new Uint8Array(length), Array(length).fill(7)]) {
      const bytes = encode(value);
      assert.equal(bytes.length, admit(value, undefined, limits).size);
      assert.deepEqual(decode(bytes), value);
    }
  }
});

test("members that are undefined are left out", () => {
  assert.deepEqual(encode({ b: undefined, a: 1 }), encode({ a: 1 }));
});

test("an encoder appends, and tells the length of each value", () => {
  const values = [1, "text", { a: [1.5, null] }, "x".repeat(10_000), new Uint8Array(3), -1];
  const encoder = new Encoder(1);
  const lengths = values.map((value) => encoder.write(value));
  const bytes = encoder.bytes();
  let start = 0;
  values.forEach((value, i) => {
    assert.deepEqual(decode(bytes, start), value);
    start += lengths[i];
  });
  assert.equal(start, bytes.length);
});

test("decoded bytes are not a view of the input", () => {
  const input = encode(new Uint8Array([1, 2]));
  const value = decode(input);
  input.fill(0);
  assert.deepEqual(value, new Uint8Array([1, 2]));
});

test("random values come back, in their exact size", () => {
  eachSeed(3000, (random) => {
    const { value, size } = admit(randomValue(random), undefined, limits);
    const bytes = encode(value);
    assert.equal(bytes.length, size);
    const back = decode(bytes);
    assertFrozen(back);
    assert.ok(admit(back, value, limits).same);
    assert.deepEqual(encode(back), bytes);
  });
});

test("two values are the same exactly when their encodings are", () => {
  eachSeed(3000, (random) => {
    const [a, b] = [randomValue(random, 1), randomValue(random, 1)].map(
      (value) => admit(value, undefined, limits).value,
    );
    assert.equal(admit(b, a, limits).same, Buffer.compare(encode(a), encode(b)) === 0);
  });
});
