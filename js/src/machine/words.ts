/** Contents of machines by number. The kernel moves the numbers; which are still in use it is asked now and then. */

import { encode } from "../codec.js";
import type { Value } from "../contract.js";
import { measure } from "../value.js";

/** So many new ones at least are worth asking which are in use. */
const MANY = 1_024;
/** How many characters are made at once of bytes. */
const CHUNK = 8_192;
/** What is compared is judged as a value, whatever a hall may store. */
const BOUNDS = { valueBytes: 2 ** 24, metadataBytes: 0, valueDepth: 64 };

export class Words {
  /** The first place stands for none. */
  readonly #values: unknown[] = [undefined];
  readonly #free: number[] = [];
  /** Equal states and names have one number: texts, other values (lists and maps by their bytes), and modules. */
  readonly #texts = new Map<unknown, number>();
  readonly #others = new Map<unknown, number>();
  readonly #modules = new Map<unknown, number>();
  #fresh = 0;
  #enough = MANY;

  /** Gives a content a number: an odd one to a text. */
  hold(value: unknown): number {
    const place = this.#free.pop() ?? this.#values.length;
    this.#values[place] = value;
    this.#fresh++;
    return typeof value === "string" ? 2 * place + 1 : 2 * place;
  }

  /** Takes a number back that was not passed on. */
  drop(number: number): void {
    this.#values[number >>> 1] = undefined;
    this.#free.push(number >>> 1);
  }

  /** The number of a content that is compared: a state or a name. `invalid-value` if it is none. */
  same(value: unknown): number {
    if (typeof value === "string") return this.#texts.get(value) ?? this.#add(this.#texts, value, value);
    const key = keyOf(value);
    return this.#others.get(key) ?? this.#add(this.#others, key, value);
  }

  /** The number of a module, which is equal to itself only. */
  module(module: object): number {
    return this.#modules.get(module) ?? this.#add(this.#modules, module, module);
  }

  #add(numbers: Map<unknown, number>, key: unknown, value: unknown): number {
    if (typeof value === "string") measure(value, BOUNDS);
    const number = this.hold(value);
    numbers.set(key, number);
    return number;
  }

  at(number: number): unknown {
    return this.#values[number >>> 1];
  }

  /** Whether it is worth letting go of what is not in use: then that costs little for each. */
  get many(): boolean {
    return this.#fresh >= this.#enough;
  }

  /** Keeps only what is in use. */
  keep(used: Iterable<number>): void {
    const kept = new Set<number>();
    for (const number of used) kept.add(number >>> 1);
    for (const numbers of [this.#texts, this.#others, this.#modules])
      for (const [key, number] of numbers) if (!kept.has(number >>> 1)) numbers.delete(key);
    this.#free.length = 0;
    for (let place = this.#values.length - 1; place > 0; place--) {
      if (kept.has(place)) continue;
      this.#values[place] = undefined;
      this.#free.push(place);
    }
    this.#fresh = 0;
    this.#enough = Math.max(MANY, 2 * kept.size);
  }

  /** How many there are, for tests of what is let go. */
  get held(): number {
    return this.#values.length - 1 - this.#free.length;
  }
}

/** What is equal to a value that is no text. */
function keyOf(value: unknown): unknown {
  measure(value, BOUNDS);
  if (typeof value !== "object" || value === null) return value;
  const bytes = encode(value as Value);
  let key = "";
  for (let at = 0; at < bytes.length; at += CHUNK) key += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return key;
}
