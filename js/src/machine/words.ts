/** Contents of machines by number. The kernel moves the numbers; which are still in use it is asked now and then. */

import { encode } from "../codec.js";
import type { Value } from "../contract.js";
import { measure } from "../value.js";

/** So many new ones at least are worth asking which are in use. */
const MANY = 1_024;
/** What is compared is judged as a value, whatever a hall may store. */
const BOUNDS = { valueBytes: 2 ** 24, metadataBytes: 0, valueDepth: 64 };

export class Words {
  readonly #values: unknown[] = [];
  readonly #free: number[] = [];
  /** Equal states and names have one number. */
  readonly #numbers = new Map<unknown, number>();
  #fresh = 0;
  #enough = MANY;

  /** Gives a content a number: an odd one to a text. */
  hold(value: unknown): number {
    const place = this.#free.pop() ?? this.#values.length;
    this.#values[place] = value;
    this.#fresh++;
    return typeof value === "string" ? 2 * place + 1 : 2 * place;
  }

  /** The number of a content that is compared: text and what is unique by itself, or a value by its encoding. */
  same(value: unknown): number {
    const key = keyOf(value);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.hold(value);
    this.#numbers.set(key, number);
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
    for (const [key, number] of this.#numbers) if (!kept.has(number >>> 1)) this.#numbers.delete(key);
    this.#free.length = 0;
    for (let place = this.#values.length - 1; place >= 0; place--) {
      if (kept.has(place)) continue;
      this.#values[place] = undefined;
      this.#free.push(place);
    }
    if (kept.size === 0) this.#free.length = this.#values.length = 0;
    this.#fresh = 0;
    this.#enough = Math.max(MANY, 2 * kept.size);
  }

  /** How many there are, for tests of what is let go. */
  get held(): number {
    return this.#values.length - this.#free.length;
  }
}

/** What is equal to a content: a module is equal to itself only. */
function keyOf(value: unknown): unknown {
  const structured = typeof value === "object" && value !== null && !("handle" in value || "states" in value);
  if (!structured && (typeof value !== "object" || value === null)) measure(value, BOUNDS);
  return structured ? String.fromCharCode(0, ...encode(value as Value)) : value;
}
