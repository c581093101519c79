/** What can be stored: validation, size, sameness, freezing, and bytes that are copied. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import { decode, encode } from "../dist/codec.js";
import { StatehallError } from "../dist/error.js";
import { admit, admitMetadata, handOut, scalarSize, utf8Length } from "../dist/value.js";

const limits = { valueBytes: 1_000_000, valueDepth: 64, metadataBytes: 4096 };

/** `admit` reuses its result. */
function judge(value, old, some = limits) {
  return { ...admit(value, old, some) };
}

function refused(value, detail, code = "invalid-value") {
  assert.throws(() => admit(value, undefined, limits), { name: "StatehallError", code, detail });
}

test("the size is that of the encoding", () => {
  const values = [
    null,
    true,
    false,
    0,
    -0,
    23,
    24,
    -24,
    -25,
    255,
    256,
    65535,
    65536,
    2 ** 32 - 1,
    2 ** 32,
    -(2 ** 32) - 1,
  ];
  values.push(Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2 ** 53, 1.5, NaN, -Infinity);
  values.push(2n ** 53n, -(2n ** 63n), 2n ** 63n - 1n, "", "\u00fc\u6c34\u{10000}", "\uffff", "\ufeff");
  for (const length of [23, 24, 255, 256, 65535, 65536]) {
    values.push("x".repeat(length), "\u00fc".repeat(length), new Uint8Array(length), Array(length).fill(0));
    values.push(Object.fromEntries(Array.from({ length }, (_, i) => [`m${i}`, i])));
  }
  values.push([], {}, { a: undefined }, { a: 1, b: undefined, "\u00fc": [{ c: new Uint8Array(3) }] });
  for (const value of values) {
    const { size, value: stored } = judge(value);
    assert.equal(size, encode(stored).length);
    // A second walk of what is remembered tells the same, and so does a walk of what is decoded.
    assert.equal(judge([stored]).size, size + 1);
    assert.equal(judge(decode(encode(stored))).size, size);
  }
});

test("scalars are told from everything else", () => {
  assert.equal(scalarSize(1), 1);
  assert.equal(scalarSize("ab"), 3);
  for (const other of [{}, [], undefined, 1n, "\ud800", () => {}, Symbol.iterator]) assert.equal(scalarSize(other), 0);
  assert.equal(utf8Length("a\udc00"), -1);
  assert.equal(utf8Length("\ud800\ud800\udc00"), -1);
  assert.equal(utf8Length("\ud800\udc00"), 4);
});

test("objects are kept by reference and frozen all the way down", () => {
  const inner = Object.assign(Object.create(null), { list: [1, [2]] });
  const value = { inner, again: inner };
  assert.equal(judge(value).value, value);
  for (const part of [value, inner, inner.list, inner.list[1]]) assert.ok(Object.isFrozen(part));
});

test("what is refused is left as it was", () => {
  const value = { good: [1, 2], bad: [{ when: new Date() }] };
  refused(value, /^value\.bad\[0\]\.when is an instance of Date: use toISOString\(\) or getTime\(\)$/);
  for (const part of [value, value.good, value.bad, value.bad[0]]) assert.ok(!Object.isFrozen(part));
  value.bad = null;
  assert.equal(judge(value).value, value);
});

test("the same is found whatever the order, the zero and the absent members", () => {
  const bytes = () => new Uint8Array([1, 2]);
  const same = [
    [0, -0],
    [NaN, NaN],
    ["a", "a"],
    [2n ** 60n, 2n ** 60n],
    [bytes(), bytes()],
    [
      { a: 1, b: [-0, NaN] },
      { b: [0, NaN], c: undefined, a: 1 },
    ],
    [{}, { a: undefined }],
    [[{ a: bytes() }], [{ a: Buffer.from([1, 2]) }]],
    [JSON.parse('{"__proto__": {"a": 1}}'), JSON.parse('{"__proto__": {"a": 1}}')],
  ];
  for (const [a, b] of same) {
    const old = judge(a).value;
    const { value, same } = judge(b, old);
    assert.ok(same);
    assert.ok(Object.is(value, old) || value === b);
    assert.deepEqual(encode(judge(b).value), encode(old));
  }
  // A value that is not stored is not frozen.
  const equal = { a: [1] };
  judge(equal, judge({ a: [1] }).value);
  assert.ok(!Object.isFrozen(equal) && !Object.isFrozen(equal.a));
});

test("what differs is not the same", () => {
  const values = [
    null,
    false,
    0,
    1,
    "",
    "0",
    2n ** 60n,
    new Uint8Array(),
    new Uint8Array(1),
    [],
    {},
    [0],
    { 0: 0 },
    [[]],
  ];
  values.push(
    { a: 1 },
    { a: 2 },
    { b: 1 },
    { a: null },
    { a: 1, b: 1 },
    { toString: 1 },
    JSON.parse('{"__proto__": {}}'),
  );
  values.forEach((a, i) => {
    values.forEach((b, j) => {
      assert.equal(judge(b, judge(a).value).same, i === j, `${i} and ${j}`);
    });
    assert.equal(judge(a, undefined).same, false);
  });
});

test("byte arrays are copied in and out, and only the containers that lead to them", () => {
  const beside = { a: 1 };
  const value = { beside, blob: { bytes: Buffer.from([1, 2, 3]) }, none: undefined };
  const { value: stored, size } = judge(value);
  assert.ok(!Object.isFrozen(value) && !Object.isFrozen(value.blob) && Object.isFrozen(beside));
  assert.notEqual(stored, value);
  assert.equal(stored.beside, beside);
  assert.ok(Object.isFrozen(stored) && Object.isFrozen(stored.blob));
  assert.equal(Object.getPrototypeOf(stored.blob.bytes), Uint8Array.prototype);
  assert.equal(size, encode(stored).length);

  value.blob.bytes[0] = 9;
  const read = handOut(stored);
  read.blob.bytes[1] = 9;
  assert.deepEqual([...stored.blob.bytes], [1, 2, 3]);
  assert.equal(read.beside, beside);
  assert.notEqual(handOut(judge(new Uint8Array(1)).value), handOut(judge(new Uint8Array(1)).value));

  for (const plain of [1, "a", null, beside, judge([1, { a: 2 }]).value]) assert.equal(handOut(plain), plain);
});

test("a byte array that is met twice is copied in both places", () => {
  const bytes = new Uint8Array([1]);
  const { value } = judge([[bytes], [bytes]]);
  bytes[0] = 2;
  assert.deepEqual(value, [[new Uint8Array([1])], [new Uint8Array([1])]]);
});

test("decoded bytes are handed out as copies too", () => {
  const stored = decode(encode(judge({ a: [new Uint8Array([1])] }).value));
  handOut(stored).a[0][0] = 2;
  assert.deepEqual(stored, { a: [new Uint8Array([1])] });
});

test("values of other realms are values", () => {
  const value = runInNewContext("({ list: [1, { a: null }], bytes: new Uint8Array([7]) })");
  const { value: stored } = judge(value);
  assert.ok(stored.bytes instanceof Uint8Array);
  assert.deepEqual(decode(encode(stored)), { list: [1, { a: null }], bytes: new Uint8Array([7]) });
});

test("a member named __proto__ is a member", () => {
  const { value } = judge(JSON.parse('{"__proto__": {"a": 1}, "b": 2}'));
  const plain = decode(encode(value));
  assert.deepEqual(Object.keys(plain).sort(), ["__proto__", "b"]);
  assert.equal(Object.getPrototypeOf(plain), Object.prototype);
  const holding = JSON.parse('{"__proto__": null}');
  Object.defineProperty(holding, "__proto__", { value: new Uint8Array(1), enumerable: true });
  assert.ok(Object.hasOwn(handOut(judge(holding).value), "__proto__"));
});

test("everything else is refused, with its path and what to do instead", () => {
  class Point {}
  class List extends Array {}
  const extra = Object.assign([1], { index: 0 });
  const hidden = Object.defineProperty({}, "a", { value: 1, enumerable: false });
  const accessor = { get: () => assert.fail("an accessor was called"), enumerable: true };
  const getter = Object.defineProperty({}, "now", accessor);
  const item = Object.defineProperty([], 0, accessor);
  const cases = [
    [undefined, /^value is undefined: use null/],
    [[1, undefined], /^value\[1\] is undefined/],
    [new Array(2), /^value\[0\] is undefined/],
    [{ items: [0, 1, 2, { when: new Date() }] }, /^value\.items\[3\]\.when is an instance of Date: use toISOString/],
    [{ "a b": new Map() }, /^value\["a b"\] is an instance of Map: use Object\.fromEntries/],
    [new Set(), /an array/],
    [Promise.resolve(), /await/],
    [() => {}, /a function/],
    [Point, /a function/],
    [new Point(), /an instance of Point: use a plain object/],
    [Object.create({ a: 1 }), /a plain object/],
    [Object.create(Object.create(null)), /a plain object/],
    [Symbol("s"), /a symbol/],
    [{ [Symbol("s")]: 1 }, /symbols/],
    [hidden, /not enumerable/],
    [getter, /^value\.now is an accessor/],
    [item, /^value\[0\] is an accessor/],
    [extra, /properties beside its items/],
    ["x".match(/x/), /properties beside its items/],
    [new List(), /an instance of/],
    [new Float32Array(1), /an instance of Float32Array: use Array\.from/],
    [new Uint8ClampedArray(1), /an instance of Uint8ClampedArray/],
    [new DataView(new ArrayBuffer(1)), /an instance of DataView/],
    [new ArrayBuffer(1), /new Uint8Array\(buffer\)/],
    [new Number(1), /an instance of Number/],
    [/x/, /an instance of RegExp/],
    [new Error("x"), /an instance of Error/],
    [1n, /a number can hold/],
    [-(2n ** 53n) + 1n, /a number can hold/],
    [2n ** 63n, /over 64 bits/],
    [-(2n ** 63n) - 1n, /over 64 bits/],
    ["\ud800", /lone surrogate/],
    [{ "\udc00": 1 }, /^value has a member name with a lone surrogate: "\\udc00"$/],
  ];
  for (const [value, detail] of cases) refused(value, detail);
  refused({ ["n".repeat(1e6)]: undefined, a: { ["n".repeat(1e5)]: new Date() } }, /^.{200,400}$/);
});

test("a value that contains itself is refused as such", () => {
  const list = [];
  list.push({ list });
  refused(list, /^value\[0\]\.list contains itself/);
  refused({ deep: [list] }, /^value\.deep\[0\]\[0\]\.list contains itself/);
  const heavy = { text: "x".repeat(600_000) };
  heavy.self = heavy;
  refused(heavy, /contains itself/);
  const wide = [];
  for (let i = 0; i < 10; i++) wide.push(wide);
  refused(wide, /contains itself/);
});

test("limits name themselves, their value and what was given", () => {
  const some = { valueBytes: 100, valueDepth: 3, metadataBytes: 10 };
  const limit = (value, detail) => assert.throws(() => admit(value, undefined, some), { code: "limit", detail });
  assert.equal(judge("x".repeat(98), undefined, some).size, 100);
  limit("x".repeat(99), "the value takes at least 101 bytes encoded, valueBytes is 100");
  limit(Array(100).fill(0), /102 bytes/);
  limit(new Uint8Array(99), /101 bytes/);
  judge([[[]]], undefined, some);
  judge([[new Uint8Array(1)]], undefined, some);
  limit({ a: [[[]]] }, "value.a[0][0] is nested 4 deep, valueDepth is 3");
  // What is remembered counts for its height.
  const known = judge([["x".repeat(200)]]).value;
  assert.throws(() => admit([[known]], undefined, { ...limits, valueDepth: 3 }), { code: "limit", detail: /4 deep/ });
  // No limit reaches further than the codec.
  let deep = 0;
  for (let i = 0; i < 64; i++) deep = [deep];
  judge(deep, undefined, { ...limits, valueDepth: 1000 });
  assert.throws(() => admit([deep], undefined, { ...limits, valueDepth: 1000 }), { code: "limit" });
});

test("a value of few objects that is huge as a tree is refused quickly", () => {
  let value = [];
  for (let i = 0; i < 60; i++) value = [value, value];
  refused(value, /bytes encoded/, "limit");
  assert.ok(!Object.isFrozen(value));
});

test("what throws while it is read becomes the cause", () => {
  const thrown = new RangeError("no");
  const trap = () => {
    throw thrown;
  };
  for (const handler of [{ get: trap }, { ownKeys: trap }, { getPrototypeOf: trap }, { preventExtensions: trap }]) {
    const value = { inside: new Proxy({ a: 1 }, handler) };
    assert.throws(
      () => admit(value, undefined, limits),
      (error) => {
        assert.ok(error instanceof StatehallError && error.code === "invalid-value" && error.cause === thrown);
        return true;
      },
    );
  }
});

test("a Proxy may admit another value in the middle of a walk", () => {
  const ownKeys = (target) => {
    assert.throws(() => admit({ a: [new Date()] }, undefined, limits));
    assert.equal(judge([1, 2]).size, 3);
    return Reflect.ownKeys(target);
  };
  assert.equal(judge({ a: new Proxy({ b: [1] }, { ownKeys }), c: [2] }).size, 12);
});

test("metadata is a plain object within its own limit", () => {
  const metadata = { by: "planner", tags: ["a"] };
  assert.deepEqual(admitMetadata(metadata, undefined, limits), {
    value: metadata,
    size: encode(metadata).length,
    same: false,
  });
  assert.ok(Object.isFrozen(metadata.tags));
  for (const bad of [null, undefined, 1, "a", [], new Uint8Array(1), new Map(), () => {}]) {
    assert.throws(() => admitMetadata(bad, undefined, limits), { code: "invalid-value", detail: /metadata/ });
  }
  assert.throws(() => admitMetadata({ when: new Date() }, undefined, limits), {
    detail: /^metadata\.when is an instance of Date/,
  });
  const large = { text: "x".repeat(5000) };
  assert.throws(() => admitMetadata(large, undefined, limits), { code: "limit", detail: /metadataBytes is 4096$/ });
});
