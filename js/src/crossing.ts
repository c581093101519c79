/**
 * The crossing to the kernel: one way for all calls.
 *
 * Numbers and truth values cross as they are. What is more than that is the first argument: text, a list of texts, bytes
 * or a row of numbers, copied into memory that the kernel gives back. What a call returns is a number, a negative one for
 * what the kernel has left in its memory: see `answer.rs` and `texts.rs` in `src/face/js`.
 */

import { readText, writeText } from "./codec.js";
import type { Session } from "./contract.js";
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
type Row = Uint8Array | Float64Array;
type Plain = number | bigint | boolean;

/** One kernel: what `Core` in `src/face/js/mod.rs` exports. An error is thrown as text, `code: detail`. */
export interface Core {
  grant(slot: number): number;
  catch_up(puts: Float64Array, now: number): void;
  free(): void;
  name_agent(name: string, number: number): void;
  forget_agent(number: number): void;
  write(
    keyAndOwner: string | Texts,
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
  changes(selector: Texts, revision: number): Float64Array;
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
  drain(): Float64Array | 0;
  texts(): Texts;
  arrived_bytes(): Uint8Array;
  live(): number;
  receive(frame: Uint8Array, now: number, monotonic: number): void;
  rejoin(now: number, monotonic: number): void;
  leave(): void;
  wanted(): Float64Array;
  supply(bytes: Uint8Array): void;
  advance(now: number, monotonic: number): number;
  next_wake(now: number, monotonic: number): number;
  next_frame(): Uint8Array;
  snapshot(): Uint8Array;
  restore(snapshot: Uint8Array, now: number, monotonic: number): void;
  decide(batch: Uint8Array, now: number): Uint8Array | Texts;
  owner(name: string, deed: number, ttl: number, now: number): void;
  declare(encoded: Uint8Array): Float64Array;
  undeclare(key: string): number;
  declaration(key: string): Uint8Array;
  declared(selector: Texts): Texts;
  judge(encoded: Uint8Array): 0 | Uint8Array;
  judge_shown(encoded: Uint8Array): 0;
  tell_absent(key: string, watch: number): void;
  machine_named(name: string): void;
  machine_start(module: number, state: number): number;
  machine_restore(kept: Float64Array, rearm: number, now: number, unix: number): number;
  machine_act(actions: Float64Array): void;
  machine_send(process: number, kind: number, content: number, next: boolean, now: number): number;
  machine_call(process: number, content: number, timeout: number, now: number): number;
  machine_leave(call: number): void;
  machine_reply(call: number, content: number): void;
  machine_order(process: number, order: number, term: number): void;
  machine_area(): number;
  machine_next(begins: boolean, now: number): number;
  machine_mode(process: number, question: number, mode: number, term: number, now: number): number;
  machine_answer(
    process: number,
    question: number,
    how: number,
    content: number,
    call: number,
    reply: number,
    now: number,
  ): number;
  machine_cleaned(process: number, question: number, failed: boolean, term: number, now: number): number;
  machine_advance(now: number): void;
  machine_wake(): number;
  machine_changed(): Float64Array;
  machine_used(): Float64Array;
  machine_reason(process: number): string;
  machine_offender(process: number): Float64Array;
  machine_info(process: number, now: number): Float64Array;
  machine_snapshot(process: number, now: number, unix: number): Float64Array;
  session(): string;
  limits(): Texts;
  usage(): Texts;
  sessions(now: number): Texts;
}

/** What a list of sessions says: of each the id, the agent and when it was heard, this one first. */
export function sessionsOf(texts: Texts): Session[] {
  return Array.from({ length: texts.length / 3 }, (_, i) => {
    const [id, agent, seen] = texts.slice(3 * i) as [string, string, string];
    return { id, agent, self: i === 0, seen: Number(seen) };
  });
}

/** What a list of names and numbers by turns says. */
export function byName(texts: Texts): Record<string, number> {
  const named: Record<string, number> = {};
  for (let i = 0; i < texts.length; i += 2) named[texts[i] as string] = Number(texts[i + 1]);
  return named;
}

type Export = (...args: unknown[]) => unknown;

class Crossing {
  readonly wasm = instance() as InitOutput;
  pointer: number;

  constructor(texts: Texts, ...rest: Plain[]) {
    const { wasm } = this;
    if (wasm !== known) define(wasm);
    const [pointer, problem, failed] = (wasm.core_new as Export)(copy(texts), length, ...rest) as number[];
    if (failed) {
      const error: unknown = wasm.__wbindgen_externrefs.get(problem as number);
      wasm.__externref_table_dealloc(problem as number);
      throw error;
    }
    this.pointer = pointer as number;
    lost?.register(this, [wasm, this.pointer], this);
  }

  free(): void {
    lost?.unregister(this);
    free([this.wasm, this.pointer]);
    this.pointer = 0;
  }
}

/** The instance whose exports are the methods. */
let known: InitOutput;

/** Makes a method of each export that takes a kernel. */
function define(wasm: InitOutput): void {
  known = wasm;
  bytes = new Uint8Array();
  const methods = Crossing.prototype as unknown as Record<string, Export>;
  for (const [name, call] of Object.entries(wasm as unknown as Record<string, Export>)) {
    const [, method] = /^core_(?!new|start|length)(.+)/.exec(name) ?? [];
    if (!method) continue;
    // Not a list of arguments, which would take more time than the call. No call has more; what is too much is ignored.
    methods[method] = function (this: Crossing, a, b, c, d, e, f, g, h, i, j) {
      const { pointer } = this;
      if (pointer === 0) throw "closed: the hall is closed";
      // In another instance the pointer may be that of another hall.
      if (this.wasm !== instance()) throw "poisoned: the kernel was replaced meanwhile, nothing has happened";
      const result =
        typeof a === "string" || typeof a === "object"
          ? call(pointer, copy(a as Texts), length, b, c, d, e, f, g, h, i, j)
          : call(pointer, a, b, c, d, e, f, g, h, i, j);
      return typeof result === "number" && result < 0 ? read(result, pointer) : result;
    };
  }
}

/** The kernel's memory. When it grows, what there was before becomes empty. */
let bytes = new Uint8Array();
let numbers = new Float64Array();

/** Looks at the memory as it is now. */
function look(): void {
  if (bytes.length > 0) return;
  bytes = new Uint8Array(known.memory.buffer);
  numbers = new Float64Array(known.memory.buffer);
}

/** The number at an address of the kernel's memory. */
export function numberAt(address: number): number {
  look();
  return numbers[address / 8] as number;
}

/** How long that is which was copied last. */
let length = 0;

/** Copies what is more than a number into the kernel's memory; returns where it is, and leaves its length in `length`. */
function copy(what: string | Texts | Row): number {
  if (typeof what === "string") return copyTexts([what], 0);
  if (Array.isArray(what)) return copyTexts(what, 1);
  const { buffer, byteOffset, byteLength, BYTES_PER_ELEMENT: width } = what as Row;
  length = what.length;
  const start = known.__wbindgen_malloc(byteLength, width) >>> 0;
  look();
  bytes.set(new Uint8Array(buffer, byteOffset, byteLength), start);
  return start;
}

/** Copies texts, each with so many bytes at its end. */
function copyTexts(texts: Texts, ends: number): number {
  length = 0;
  for (const text of texts) length += utf8Length(text) + ends;
  const start = known.__wbindgen_malloc(length, 1) >>> 0;
  look();
  let at = start;
  for (const text of texts) {
    at = writeText(text, bytes, at);
    if (ends > 0) bytes[at++] = END;
  }
  return start;
}

/** Reads what a negative number stands for. */
function read(kind: number, pointer: number): unknown {
  let at = known.core_start(pointer) >>> 0;
  const end = at + known.core_length(pointer);
  look();
  if (kind === NUMBERS) return numbers.slice(at / 8, end / 8);
  if (kind === BYTES) return bytes.slice(at, end);
  const texts: string[] = [];
  while (at < end) {
    const start = at;
    at = bytes.indexOf(END, start) + 1;
    texts.push(readText(bytes, start, at - 1));
  }
  if (kind === TEXTS) return texts;
  if (kind === TEXT) return texts[0];
  throw texts[0];
}

/** Frees a kernel, unless its instance has been replaced. */
function free([wasm, pointer]: readonly [InitOutput, number]): void {
  if (wasm === instance()) wasm.__wbg_core_free(pointer, 1);
}

/** Frees the kernels of halls that were forgotten without being closed, where the platform tells. */
const lost = typeof FinalizationRegistry === "undefined" ? undefined : new FinalizationRegistry(free);

/** Opens kernels. There must be an instance. */
export const Core = Crossing as unknown as new (texts: Texts, ...rest: Plain[]) => Core;
