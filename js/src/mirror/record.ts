/** Records: how the kernel tells what it has done. `src/face/js/report.rs` writes them. */

import type { Metadata, Value } from "../contract.js";
import type { Told } from "../dispatch.js";
import { type Cell, whole } from "./mirror.js";

/** The kinds of records; another is a change that was taken from a queue. */
export const NOTIFY = 1;
export const INITIAL = 2;
export const READY = 3;
export const SYNCED = 4;
export const SESSIONS = 5;
export const REPORT = 6;
export const OWNER_EXPIRED = 8;
export const WIDTH = 11;

/** What was drained: revision and bytes in use; four lists, each after its length; and the records. */
export function readDrained(numbers: Float64Array) {
  let at = 2;
  const list = () => {
    const start = at + 1;
    at = start + (numbers[at] as number);
    return numbers.subarray(start, at);
  };
  const [arrivals, values, slots, sets] = [list(), list(), list(), list()];
  return { arrivals, values, slots, sets, told: numbers.subarray(at) };
}

/** The change of the record at a place. Read one by one: a list of its own for each record takes longer than all else. */
export function toldOf(
  numbers: Float64Array,
  at: number,
  cell: Cell | undefined,
  values: readonly (Value | undefined)[],
  texts: readonly string[],
): Told {
  const value = numbers[at + 3] as number;
  return {
    key: cell?.key ?? (texts[numbers[at + 8] as number] as string),
    watched: "",
    value: values[value],
    old: values[numbers[at + 4] as number],
    revision: whole(numbers[at + 5] as number),
    origin: texts[numbers[at + 6] as number] as string,
    metadata: values[numbers[at + 7] as number] as Metadata | undefined,
    initial: numbers[at + 10] === 1,
    deleted: value === 0,
  };
}
