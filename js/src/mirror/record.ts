/** Records: how the kernel tells what it has done. `src/face/js/report.rs` writes them. */

import type { Metadata, Value } from "../contract.js";
import type { Told } from "../dispatch.js";
import { type Cell, whole } from "./mirror.js";

/** The kinds of records. */
export const NOTIFY = 1;
export const INITIAL = 2;
export const READY = 3;
export const SYNCED = 4;
export const SESSIONS = 5;
export const REPORT = 6;
export const TAKEN = 7;
export const WIDTH = 11;

/** The numbers of one record. */
export type Numbers = [number, number, number, number, number, number, number, number, number, number, number];

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

/** The change of a record. */
export function toldOf(
  record: Numbers,
  cell: Cell | undefined,
  values: readonly (Value | undefined)[],
  texts: readonly string[],
): Told {
  const [, , , value, old, revision, origin, metadata, key, , initial] = record;
  return {
    key: cell?.key ?? (texts[key] as string),
    watched: "",
    value: values[value],
    old: values[old],
    revision: whole(revision),
    origin: texts[origin] as string,
    metadata: values[metadata] as Metadata | undefined,
    initial: initial === 1,
    deleted: value === 0,
  };
}
