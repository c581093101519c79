/**
 * The crossing to the kernel: one way for all calls.
 *
 * Numbers and truth values cross as they are. Texts, lists of texts, bytes and rows of numbers are copied into memory
 * that the kernel gives back. What a call returns is a number, a listing, or a negative number for what the kernel has
 * left in its memory: see `answer.rs` and `texts.rs` in `src/face/js`.
 */

import { readText, writeText } from "./codec.js";
import { type InitOutput, instance } from "./core.js";
import { utf8Length } from "./value.js";

// What a negative number says that the kernel has left; another is the text of an error.
const NUMBERS = -1;
const BYTES = -2;
const TEXTS = -3;
const TEXT = -4;

/** Ends each text of a list: a byte that is in no UTF-8. */
const END = 0xff;

type Texts = readonly string[];
type Argument = number | bigint | boolean | string | Texts | Uint8Array | Float64Array;
/** A listing: of each fact its name, and the fact. */
type Facts<T = number> = Iterable<readonly [name: string, fact: T]>;

/** One kernel: what `Core` in `src/face/js/mod.rs` exports. An error is thrown as text, `code: detail`. */
export interface Core {
  put(slot: number, ref: number, size: number, origin: number, now: number, replaced: number): number;
  free(): void;
  name_agent(number: number, name: string): void;
  forget_agent(number: number): void;
  take_error(): string;
  write(
    key: string,
    ref: number,
    size: number,
    metadata: number,
    metadataSize: number,
    origin: number,
    expect: number,
    ttl: number,
    touch: boolean,
    now: number,
  ): Float64Array;
  delete(key: string, origin: number, expect: number, touch: boolean, now: number): Float64Array;
  clear(selector: Texts, origin: number, now: number): number;
  check_key(key: string): void;
  select(selector: Texts): Float64Array;
  changes(revision: number, selector: Texts): Float64Array;
  entry(key: string): Float64Array;
  entry_origin(key: string): string;
  begin(): void;
  commit(now: number): void;
  roll_back(): void;
  watch(selector: Texts, initial: boolean, capacity: number): number;
  unwatch(watch: number): void;
  members(set: number): Float64Array;
  take(watch: number): void;
  queue(watch: number): Float64Array;
  drain(): Float64Array;
  texts(): Texts;
  arrived_bytes(): Uint8Array;
  live(): number;
  receive(frame: Uint8Array, now: number, monotonic: number): void;
  rejoin(now: number, monotonic: number): void;
  leave(): void;
  wanted(): Float64Array;
  supply(lengths: Float64Array, bytes: Uint8Array): void;
  advance(now: number, monotonic: number): number;
  next_wake(now: number, monotonic: number): number;
  next_frame(): Uint8Array;
  snapshot(): Uint8Array;
  restore(snapshot: Uint8Array, now: number, monotonic: number): void;
  session(): string;
  limits(): Facts;
  usage(): Facts;
  sessions(now: number): Facts<never>[];
}

/** What is exported for one kernel: each call takes its pointer first. */
type Exports = Record<string, (...numbers: unknown[]) => unknown>;

class Crossing {
  private readonly wasm = instance() as InitOutput;
  private readonly pointer: number;

  constructor(...opening: Argument[]) {
    const { wasm } = this;
    if (!("drain" in this)) define(Object.keys(wasm));
    const [pointer, problem, failed] = (wasm.core_new as Exports[string])(...passed(wasm, opening)) as number[];
    if (failed) {
      const error: unknown = wasm.__wbindgen_externrefs.get(problem as number);
      wasm.__externref_table_dealloc(problem as number);
      throw error;
    }
    this.pointer = pointer as number;
    lost?.register(this, [wasm, this.pointer], this);
  }

  /** Not like the others, because it is called the most. */
  put(slot: number, ref: number, size: number, origin: number, now: number, replaced: number): number {
    return this.wasm.core_put(this.pointer, slot, ref, size, origin, now, replaced);
  }

  free(): void {
    lost?.unregister(this);
    free([this.wasm, this.pointer]);
  }

  call(name: string, args: readonly Argument[]): unknown {
    const { wasm, pointer } = this;
    const result = ((wasm as unknown as Exports)[name] as Exports[string])(pointer, ...passed(wasm, args));
    if (!((result as number) < 0)) return result;
    const { buffer } = wasm.memory;
    const start = wasm.core_start(pointer) >>> 0;
    const length = wasm.core_length(pointer);
    if (result === NUMBERS) return new Float64Array(buffer, start, length).slice();
    const bytes = new Uint8Array(buffer, start, length).slice();
    if (result === BYTES) return bytes;
    const texts: string[] = [];
    for (let at = 0; at < length; ) {
      const end = bytes.indexOf(END, at);
      texts.push(readText(bytes, at, end));
      at = end + 1;
    }
    if (result === TEXTS) return texts;
    if (result === TEXT) return texts[0];
    throw texts[0];
  }
}

/** Makes a method of each export that takes a kernel. */
function define(names: readonly string[]): void {
  const methods = Crossing.prototype as unknown as Record<string, unknown>;
  for (const name of names) {
    const [, method] = /^core_(?!new|start|length)(.+)/.exec(name) ?? [];
    if (method) {
      methods[method] ??= function (this: Crossing, ...args: Argument[]) {
        return this.call(name, args);
      };
    }
  }
}

/** The arguments as they cross: for each that is copied, where it is and how long. */
function passed(wasm: InitOutput, args: readonly Argument[]): (number | bigint | boolean)[] {
  const passed: (number | bigint | boolean)[] = [];
  for (const arg of args) {
    if (typeof arg === "string") passed.push(...copied(wasm, [arg], 0));
    else if (typeof arg !== "object") passed.push(arg);
    else if (Array.isArray(arg)) passed.push(...copied(wasm, arg, 1));
    else {
      const row = arg as Uint8Array | Float64Array;
      const width = row.BYTES_PER_ELEMENT;
      const start = wasm.__wbindgen_malloc(row.length * width, width) >>> 0;
      const { buffer } = wasm.memory;
      (width > 1 ? new Float64Array(buffer) : new Uint8Array(buffer)).set(row, start / width);
      passed.push(start, row.length);
    }
  }
  return passed;
}

/** Copies texts, each with so many bytes at its end. */
function copied(wasm: InitOutput, texts: Texts, ends: number): [start: number, length: number] {
  let length = 0;
  for (const text of texts) length += utf8Length(text) + ends;
  const start = wasm.__wbindgen_malloc(length, 1) >>> 0;
  const bytes = new Uint8Array(wasm.memory.buffer, start, length);
  let at = 0;
  for (const text of texts) {
    at = writeText(text, bytes, at);
    if (ends > 0) bytes[at++] = END;
  }
  return [start, length];
}

/** Frees a kernel, unless its instance has been replaced. */
function free([wasm, pointer]: readonly [InitOutput, number]): void {
  if (wasm === instance()) wasm.__wbg_core_free(pointer, 1);
}

/** Frees the kernels of halls that were forgotten without being closed, where the platform tells. */
const lost = typeof FinalizationRegistry === "undefined" ? undefined : new FinalizationRegistry(free);

/** Opens kernels. There must be an instance. */
export const Core = Crossing as unknown as new (...opening: Argument[]) => Core;
