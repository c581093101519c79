/**
 * What JavaScript holds of a hall: the values, and of each key its newest.
 *
 * The kernel knows values as numbers. Even numbers are given here, odd ones by the kernel to values that arrive; either
 * way the value itself is in `values`, until the kernel says that nothing refers to it any more. A read is one Map
 * lookup and never enters the kernel.
 *
 * A put to a cell that the kernel has granted does not enter it either: see `ahead.ts`.
 */

import { decode } from "../codec.js";
import type { Agent, Metadata, Value } from "../contract.js";
import type { Watches } from "../dispatch.js";

/** One key that the kernel has a slot for; absent if `value` is undefined. */
export interface Cell {
  readonly key: string;
  /** The kernel's number for the key. */
  readonly slot: number;
  value: Value | undefined;
  revision: number;
  /** The term for which the kernel has granted puts to the cell; another one if it has not. */
  term: number;
  /** While granted: who hears of the key. */
  watches: Watches | undefined;
  /** While granted: the encoded bytes of the value. */
  size: number;
  /** Where it is among the cells that are ahead, if it is there. */
  place: number;
  /** The kernel's number for the value, of an earlier one while the cell is ahead; 0 if absent. */
  ref: number;
  /** What is needed besides the value to build the kernel anew. */
  origin: Agent;
  metadata: Metadata | undefined;
  expires: number | undefined;
  /** What is declared, if anything is. */
  declared: Rules | undefined;
}

/** What a declaration says of values that are put: see `variable/declared.ts`. */
export interface Rules {
  /** Whether a value is stored as it is, for sure. */
  readonly fits: (value: unknown) => boolean;
  /** The value as it is to be stored, or an error. */
  judge(value: unknown): unknown;
}

const INDEXES = 2 ** 32;

/**
 * The same number. What was in a Float64Array is a double to the engine even if it is whole, and a cell or list that
 * has once held a double costs a conversion at every use; what this returns is a small integer again.
 */
export const whole = Math.trunc;

export class Mirror {
  readonly cells = new Map<string, Cell>();
  readonly values: (Value | undefined)[] = [];
  readonly #slots: (Cell | undefined)[] = [];
  private readonly free: number[] = [];
  private given = 0;

  /** Gives a value a number. */
  hold(value: Value): number {
    const ref = this.free.pop() ?? (this.given += 2);
    this.values[ref] = value;
    return ref;
  }

  /** Takes in values that have arrived: pairs of number and length, and all their bytes. */
  arrive(arrivals: Float64Array, bytes: Uint8Array): void {
    for (let i = 0, at = 0; i < arrivals.length; i += 2) {
      this.values[arrivals[i] as number] = decode(bytes, at);
      at += arrivals[i + 1] as number;
    }
  }

  /** Lets go of what the kernel has: values and slots. */
  release(refs: Float64Array, slots: Float64Array): void {
    for (const ref of refs) {
      this.values[ref] = undefined;
      // An odd number is the kernel's own to give again.
      if (ref % 2 === 0) this.free.push(whole(ref));
    }
    for (const slot of slots) this.forget(slot);
  }

  /** The cell at a slot; with a key, one is made if there is none. */
  at(slot: number, key?: string): Cell | undefined {
    const found = this.#slots[slot % INDEXES];
    if (found?.slot === slot || key === undefined) return found;
    // What reads and puts need comes first, so that it lies together in memory.
    const cell = {
      value: undefined,
      expires: undefined,
      revision: 0,
      term: 0,
      declared: undefined,
      watches: undefined,
      size: 0,
      place: 0,
      origin: "",
      key,
      slot: whole(slot),
      ref: 0,
      metadata: undefined,
    };
    this.#slots[slot % INDEXES] = cell;
    this.cells.set(key, cell);
    return cell;
  }

  /** Forgets the cell of a slot that the kernel has taken back. */
  forget(slot: number): void {
    const cell = this.#slots[slot % INDEXES];
    if (cell?.slot !== slot) return;
    this.#slots[slot % INDEXES] = undefined;
    this.cells.delete(cell.key);
  }

  /** Forgets everything, and returns what was there. */
  clear(): Cell[] {
    const cells = [...this.cells.values()];
    this.cells.clear();
    this.#slots.length = this.values.length = this.free.length = this.given = 0;
    return cells.filter((cell) => cell.value !== undefined);
  }

  /** How many values are held. */
  get held(): number {
    let held = 0;
    for (const value of this.values) if (value !== undefined) held++;
    return held;
  }
}

/** Mirrors a change. */
export function mirrorChange(
  cell: Cell,
  ref: number,
  { value, revision, origin, metadata }: Pick<Cell, "value" | "revision" | "origin" | "metadata">,
  expires: number | undefined,
): void {
  cell.term = 0;
  cell.ref = whole(ref);
  cell.value = value;
  cell.revision = value === undefined ? 0 : revision;
  cell.origin = origin;
  cell.metadata = metadata;
  cell.expires = expires;
}
