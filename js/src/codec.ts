/**
 * Values as bytes: deterministic CBOR (RFC 8949 section 4.2) of null, booleans, integers, floats, text, bytes, lists
 * and maps with text keys.
 *
 * Invariant: a value has one encoding, so equal values have equal bytes. The kernel refuses every other spelling
 * before anything arrives here (`src/codec.rs`, tested with the same vectors).
 * One exception is a whole float such as 1.0, which other faces keep apart from 1: JavaScript reads both as 1 and
 * writes 1. Cells are never encoded again by a reader, so nothing depends on that.
 */
import type { Value } from "./contract.js";
import { headSize, holdBytes, setMember, utf8Encoder, utf8Length } from "./value.js";

/** The kinds of items, as the high three bits of an item's first byte; the low five hold a number or say where it is. */
const NATURAL = 0;
const NEGATIVE = 1;
const BYTES = 2;
const TEXT = 3;
const LIST = 4;
const MAP = 5;

const FALSE = 0xf4;
const TRUE = 0xf5;
const NULL = 0xf6;
const FLOAT = 0xfb;

/** The one NaN that is written. */
const NAN_BITS = 0x7ff8n << 48n;

/** The encoding of one admitted value. */
export function encode(value: Value): Uint8Array {
  const encoder = new Encoder(64);
  encoder.write(value);
  return encoder.bytes();
}

/** Writes admitted values one after another into one growing buffer. */
export class Encoder {
  #buffer!: Uint8Array;
  #view!: DataView;
  #length = 0;

  constructor(capacity = 4096) {
    this.#use(new Uint8Array(capacity));
  }

  #use(buffer: Uint8Array): void {
    this.#buffer = buffer;
    this.#view = new DataView(buffer.buffer);
  }

  /** Begins anew; what much needed is let go. */
  clear(): void {
    this.#length = 0;
    if (this.#buffer.length > 1e5) this.#use(new Uint8Array(4096));
  }

  /** What was written. The bytes are lent: the next `write` may change them. */
  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Appends a value and returns how many bytes that took. */
  write(value: Value): number {
    const start = this.#length;
    this.#value(value);
    return this.#length - start;
  }

  /** Appends a value after its length in four bytes. */
  append(value: Value): void {
    this.#room(4);
    const at = this.#length;
    this.#length += 4;
    const size = this.write(value);
    this.#view.setUint32(at, size, true);
  }

  #value(value: Value): void {
    switch (typeof value) {
      case "number":
        if (!Number.isSafeInteger(value)) this.#float(value);
        else if (value < 0) this.#head(NEGATIVE, -1 - value);
        else this.#head(NATURAL, value);
        break;
      case "string":
        this.#text(value);
        break;
      case "boolean":
        this.#byte(value ? TRUE : FALSE);
        break;
      case "bigint":
        this.#room(9);
        this.#buffer[this.#length] = ((value < 0n ? NEGATIVE : NATURAL) << 5) | 27;
        this.#view.setBigUint64(this.#length + 1, value < 0n ? -1n - value : value);
        this.#length += 9;
        break;
      default:
        if (value === null) this.#byte(NULL);
        else if (value instanceof Uint8Array) this.#bytes(value);
        else if (Array.isArray(value)) this.#list(value);
        else this.#map(value as { readonly [name: string]: Value | undefined });
    }
  }

  #float(value: number): void {
    this.#room(9);
    this.#buffer[this.#length] = FLOAT;
    this.#view.setFloat64(this.#length + 1, value);
    // Which bits a NaN has in memory is up to the engine.
    if (value !== value) this.#view.setBigUint64(this.#length + 1, NAN_BITS);
    this.#length += 9;
  }

  #text(text: string): void {
    const size = utf8Length(text);
    this.#head(TEXT, size);
    this.#room(size);
    this.#length = writeText(text, this.#buffer, this.#length);
  }

  #bytes(bytes: Uint8Array): void {
    this.#head(BYTES, bytes.length);
    this.#room(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #list(list: readonly Value[]): void {
    this.#head(LIST, list.length);
    for (const item of list) this.#value(item);
  }

  #map(map: { readonly [name: string]: Value | undefined }): void {
    const names = Object.keys(map).filter((name) => map[name] !== undefined);
    names.sort(compareNames);
    this.#head(MAP, names.length);
    for (const name of names) {
      this.#text(name);
      this.#value(map[name] as Value);
    }
  }

  /** Writes a kind and a number in the shortest form. */
  #head(kind: number, argument: number): void {
    this.#room(9);
    const size = headSize(argument);
    let rest = argument;
    // What is stored are the low eight bits.
    for (let i = size - 1; i > 0; i--, rest = Math.floor(rest / 0x100)) this.#buffer[this.#length + i] = rest;
    this.#buffer[this.#length] = (kind << 5) | (size === 1 ? argument : 23 + Math.log2(2 * (size - 1)));
    this.#length += size;
  }

  #byte(byte: number): void {
    this.#room(1);
    this.#buffer[this.#length++] = byte;
  }

  #room(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    const buffer = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    buffer.set(this.#buffer.subarray(0, this.#length));
    this.#use(buffer);
  }
}

/** The value that one part of `bytes` encodes, deeply frozen. The kernel has accepted the bytes: nothing is judged here. */
export function decode(bytes: Uint8Array, start = 0): Value {
  return new Decoder(bytes, start).value();
}

/** Reads one value. */
class Decoder {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;
  /** Byte arrays read so far. */
  #byteArrays = 0;

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset);
    this.#at = start;
  }

  value(): Value {
    const first = this.#bytes[this.#at++] as number;
    if (first === FLOAT) return this.#view.getFloat64(this.#skip(8));
    const kind = first >> 5;
    const argument = this.#argument(first & 31);
    if (kind < BYTES) return this.#integer(argument, kind === NEGATIVE);
    if (kind === BYTES) return this.#byteArray(argument);
    if (kind === TEXT) return this.#text(argument);
    if (kind === LIST || kind === MAP) return this.#container(argument, kind === MAP);
    return first === NULL ? null : first === TRUE;
  }

  #integer(argument: number, negative: boolean): number | bigint {
    if (argument + Number(negative) <= Number.MAX_SAFE_INTEGER) return negative ? -1 - argument : argument;
    // The number may have been rounded; its eight bytes are those just read.
    const exact = this.#view.getBigUint64(this.#at - 8);
    return negative ? -1n - exact : exact;
  }

  #byteArray(length: number): Uint8Array {
    const start = this.#skip(length);
    const bytes = this.#bytes.slice(start, this.#at);
    this.#byteArrays += 1;
    holdBytes(bytes);
    return bytes;
  }

  #text(length: number): string {
    const start = this.#skip(length);
    return readText(this.#bytes, start, this.#at);
  }

  #container(count: number, isMap: boolean): Value {
    const before = this.#byteArrays;
    const list: Value[] = [];
    const map: Record<string, Value> = {};
    for (let i = 0; i < count; i++) {
      if (isMap) setMember(map, this.value() as string, this.value());
      else list.push(this.value());
    }
    const container = Object.freeze(isMap ? map : list);
    if (this.#byteArrays > before) holdBytes(container);
    return container;
  }

  /** The number that belongs to the low bits of a first byte. Above the safe range it is rounded. */
  #argument(low: number): number {
    if (low < 24 || low > 27) return low;
    let argument = 0;
    for (let left = 1 << (low - 24); left > 0; left--)
      argument = argument * 0x100 + (this.#bytes[this.#at++] as number);
    return argument;
  }

  /** Passes over bytes and returns where they start. */
  #skip(length: number): number {
    const start = this.#at;
    this.#at += length;
    return start;
  }
}

/** Member names in the order of their encodings: by their length as UTF-8, then byte by byte. */
function compareNames(a: string, b: string): number {
  const longer = utf8Length(a) - utf8Length(b);
  if (longer !== 0) return longer;
  for (let i = 0; i < a.length && i < b.length; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) return rank(left) - rank(right);
  }
  return 0;
}

/** A UTF-16 unit's place among the bytes of UTF-8, where a surrogate pair comes after all single units. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x2000 : unit >= 0xe000 ? unit - 0x800 : unit;
}

const utf8Decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Writes text as UTF-8, for which there is room, and returns where it ends. */
export function writeText(text: string, buffer: Uint8Array, start: number): number {
  const { length } = text;
  let i = 0;
  // Short text is mostly ASCII, and a loop is done before the encoder has been called.
  for (; i < length && length < 48; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) break;
    buffer[start + i] = unit;
  }
  const at = start + i;
  return i < length ? at + utf8Encoder.encodeInto(text.slice(i), buffer.subarray(at)).written : at;
}

/** The text that is written as UTF-8 in a part of `bytes`. */
export function readText(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let i = start; end - start < 24; i++) {
    if (i === end) return text;
    const unit = bytes[i] as number;
    if (unit >= 0x80) break;
    text += String.fromCharCode(unit);
  }
  return utf8Decoder.decode(bytes.subarray(start, end));
}
