/**
 * Values as bytes: deterministic CBOR (RFC 8949 section 4.2) of null, booleans, integers, floats, text, bytes, lists
 * and maps with text keys.
 *
 * Invariant: a value has one encoding, so equal values have equal bytes, and `decode` refuses every other spelling:
 * heads that could be shorter, unsorted or repeated members, indefinite lengths, tags, short floats, odd NaNs.
 * One exception is a whole float such as 1.0, which other faces keep apart from 1: JavaScript reads both as 1 and
 * writes 1. Cells are never encoded again by a reader, so nothing depends on that.
 */
import type { Value } from "./contract.js";
import { StatehallError } from "./error.js";
import { headSize, holdBytes, MAX_DEPTH, setMember, utf8Length } from "./value.js";

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

/** The high half of the one NaN that is written; the low half is 0. */
const NAN_HIGH = 0x7ff80000;

/** The encoding of one admitted value. */
export function encode(value: Value): Uint8Array {
  const encoder = new Encoder(64);
  encoder.write(value);
  return encoder.bytes();
}

/** Writes admitted values one after another into one growing buffer. */
export class Encoder {
  #buffer: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity = 4096) {
    this.#buffer = new Uint8Array(capacity);
    this.#view = new DataView(this.#buffer.buffer);
  }

  /** What was written since the last `clear`. The bytes are lent: the next `write` may change them. */
  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  /** Appends a value and returns how many bytes that took. */
  write(value: Value): number {
    const start = this.#length;
    this.#value(value);
    return this.#length - start;
  }

  #value(value: Value): void {
    switch (typeof value) {
      case "number":
        if (Number.isSafeInteger(value)) this.#integer(value);
        else this.#float(value);
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

  #integer(value: number): void {
    if (value < 0) this.#head(NEGATIVE, -1 - value);
    else this.#head(NATURAL, value);
  }

  #float(value: number): void {
    this.#room(9);
    this.#buffer[this.#length] = FLOAT;
    if (Number.isNaN(value)) {
      // Which bits a NaN has in memory is up to the engine.
      this.#view.setUint32(this.#length + 1, NAN_HIGH);
      this.#view.setUint32(this.#length + 5, 0);
    } else this.#view.setFloat64(this.#length + 1, value);
    this.#length += 9;
  }

  #text(text: string): void {
    const length = text.length;
    if (length < 48) {
      // Short text is mostly ASCII, and a loop is done before the encoder has been called.
      this.#head(TEXT, length);
      this.#room(length);
      let i = 0;
      for (; i < length; i++) {
        const unit = text.charCodeAt(i);
        if (unit >= 0x80) break;
        this.#buffer[this.#length + i] = unit;
      }
      if (i === length) {
        this.#length += length;
        return;
      }
      this.#length -= headSize(length);
    }
    const size = utf8Length(text);
    this.#head(TEXT, size);
    this.#room(size);
    utf8Encoder.encodeInto(text, this.#buffer.subarray(this.#length));
    this.#length += size;
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
    const at = this.#length;
    const size = headSize(argument);
    const first = kind << 5;
    if (size === 1) this.#buffer[at] = first | argument;
    else if (size === 2) {
      this.#buffer[at] = first | 24;
      this.#buffer[at + 1] = argument;
    } else if (size === 3) {
      this.#buffer[at] = first | 25;
      this.#view.setUint16(at + 1, argument);
    } else if (size === 5) {
      this.#buffer[at] = first | 26;
      this.#view.setUint32(at + 1, argument);
    } else {
      this.#buffer[at] = first | 27;
      this.#view.setUint32(at + 1, argument / 0x100000000);
      this.#view.setUint32(at + 5, argument);
    }
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
    this.#buffer = buffer;
    this.#view = new DataView(buffer.buffer);
  }
}

/**
 * The value that `bytes` encode, deeply frozen. With `start` and `end`, that part of the bytes.
 *
 * Errors: `invalid-frame` for everything that is not exactly one value in its one spelling.
 */
export function decode(bytes: Uint8Array, start = 0, end = bytes.length): Value {
  const decoder = new Decoder(bytes, start, end);
  const value = decoder.value(0);
  if (decoder.at < end) throw decoder.invalid("bytes after the value");
  return value;
}

/** Reads one value. */
class Decoder {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  at: number;
  /** Byte arrays read so far. */
  #byteArrays = 0;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.at = start;
    this.#end = end;
  }

  /** Reads an item that is inside `level` containers. */
  value(level: number): Value {
    const first = this.#byte();
    switch (first >> 5) {
      case NATURAL:
      case NEGATIVE:
        return this.#integer(first);
      case BYTES:
        return this.#byteArray(first);
      case TEXT:
        return this.#text(first);
      case LIST:
        return this.#list(first, level);
      case MAP:
        return this.#map(first, level);
    }
    if (first === FALSE) return false;
    if (first === TRUE) return true;
    if (first === NULL) return null;
    if (first === FLOAT) return this.#float();
    throw this.invalid(`an item that starts with 0x${first.toString(16)}`);
  }

  invalid(problem: string): StatehallError {
    return new StatehallError("invalid-frame", `${problem} at byte ${this.at}`);
  }

  #integer(first: number): number | bigint {
    const argument = this.#argument(first);
    const negative = first >> 5 === NEGATIVE;
    if (argument < Number.MAX_SAFE_INTEGER) return negative ? -1 - argument : argument;
    if (argument === Number.MAX_SAFE_INTEGER && !negative) return argument;
    // The number may have been rounded; its eight bytes are still in the scratch.
    const exact = scratch.getBigInt64(0);
    if (exact < 0n) throw this.invalid("an integer of more than 64 bits");
    return negative ? -1n - exact : exact;
  }

  #float(): number {
    const high = this.#uint32();
    const low = this.#uint32();
    scratch.setUint32(0, high);
    scratch.setUint32(4, low);
    const float = scratch.getFloat64(0);
    if (Number.isNaN(float) && (high !== NAN_HIGH || low !== 0)) throw this.invalid("a NaN with other bits");
    return float;
  }

  #byteArray(first: number): Uint8Array {
    const start = this.#skip(this.#argument(first));
    const bytes = this.#bytes.slice(start, this.at);
    this.#byteArrays += 1;
    holdBytes(bytes);
    return bytes;
  }

  #text(first: number): string {
    const length = this.#argument(first);
    const start = this.#skip(length);
    if (length < 24) {
      // Short text is mostly ASCII, and a loop is done before the decoder has been called.
      let text = "";
      let i = start;
      for (; i < this.at && (this.#bytes[i] as number) < 0x80; i++)
        text += String.fromCharCode(this.#bytes[i] as number);
      if (i === this.at) return text;
    }
    try {
      return utf8Decoder.decode(this.#bytes.subarray(start, this.at));
    } catch {
      throw this.invalid("text that is not UTF-8");
    }
  }

  #list(first: number, level: number): Value {
    const count = this.#count(first, level, 1);
    const before = this.#byteArrays;
    const list: Value[] = [];
    for (let i = 0; i < count; i++) list.push(this.value(level + 1));
    if (this.#byteArrays > before) holdBytes(list);
    return Object.freeze(list);
  }

  #map(first: number, level: number): Value {
    const count = this.#count(first, level, 2);
    const before = this.#byteArrays;
    const map: Record<string, Value> = {};
    let previous = 0;
    for (let i = 0; i < count; i++) {
      const start = this.at;
      const head = this.#byte();
      if (head >> 5 !== TEXT) throw this.invalid("a member name that is not text");
      const name = this.#text(head);
      if (i > 0 && !this.#ascends(previous, start, this.at)) throw this.invalid("a member repeated or out of order");
      previous = start;
      setMember(map, name, this.value(level + 1));
    }
    if (this.#byteArrays > before) holdBytes(map);
    return Object.freeze(map);
  }

  /** True if the encoded name at `left` sorts before the one from `right` to `end`. Heads make shorter names smaller. */
  #ascends(left: number, right: number, end: number): boolean {
    for (; right < end; left++, right++) {
      const difference = (this.#bytes[right] as number) - (this.#bytes[left] as number);
      if (difference !== 0) return difference > 0;
    }
    return false;
  }

  /** The number of items of a container, each of which takes at least so many bytes. */
  #count(first: number, level: number, itemBytes: number): number {
    const count = this.#argument(first);
    if (level >= MAX_DEPTH) throw this.invalid(`more than ${MAX_DEPTH} containers inside one another`);
    // Checked before anything is built, so that a few bytes cannot ask for much memory.
    if (count * itemBytes > this.#end - this.at) throw this.invalid("a container cut short");
    return count;
  }

  /** The number that belongs to a first byte. Above the safe range it is rounded. */
  #argument(first: number): number {
    const low = first & 31;
    if (low < 24) return low;
    let argument: number;
    if (low === 24) argument = this.#byte();
    else if (low === 25) argument = (this.#byte() << 8) | this.#byte();
    else if (low === 26) argument = this.#uint32();
    else if (low === 27) {
      const high = this.#uint32();
      const rest = this.#uint32();
      scratch.setUint32(0, high);
      scratch.setUint32(4, rest);
      argument = high * 0x100000000 + rest;
    } else throw this.invalid("an indefinite length");
    if (headSize(argument) !== 1 + (1 << (low - 24))) throw this.invalid("a number that could be shorter");
    return argument;
  }

  #uint32(): number {
    return ((this.#byte() << 24) | (this.#byte() << 16) | (this.#byte() << 8) | this.#byte()) >>> 0;
  }

  #byte(): number {
    if (this.at >= this.#end) throw this.invalid("the end in the middle of a value");
    return this.#bytes[this.at++] as number;
  }

  /** Passes over the content of an item and returns where it starts. */
  #skip(length: number): number {
    const start = this.at;
    if (length > this.#end - start) throw this.invalid("the end in the middle of a value");
    this.at += length;
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

const scratch = new DataView(new ArrayBuffer(8));
const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
