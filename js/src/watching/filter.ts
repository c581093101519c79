/**
 * Filters that are data: judged by what a value was and what it is, the same way as `src/state/filter.rs` does. Both are
 * held together by `tests/fixtures/filters.txt`.
 *
 * Every condition that a filter names must hold. What is no number has no distance and no side of a threshold, but
 * becoming a number or ceasing to be one is a change by any measure.
 */

import { checkOptions, filterOptions } from "../check.js";
import type { Change, Filter, Limits, Value } from "../contract.js";
import { StatehallError } from "../error.js";
import { admit, handOut, isSame } from "../value.js";

type Judge = (change: Pick<Change, "key" | "old" | "value">) => boolean;

/** The function that a filter stands for. It remembers what it has let pass, if that matters. */
export function filterOf(filter: Filter<Value>, limits: Limits): Judge {
  checkOptions(filter, filterOptions);
  const admitted = (value: unknown) => admit(value, undefined, limits).value;
  const { delta, crosses, kind, against } = filter;
  const equals = filter.equals === undefined ? undefined : admitted(filter.equals);
  const becomes = filter.becomes?.map(admitted);
  if ([delta, crosses, equals, becomes, kind].every((condition) => condition === undefined)) {
    const detail = "a filter has one or more of delta, crosses, equals, becomes and kind";
    throw new StatehallError("invalid-argument", detail);
  }
  const passes = (old: Value | undefined, value: Value | undefined) =>
    (delta === undefined || isFarther(old, value, delta)) &&
    (crosses === undefined || side(old, crosses) !== side(value, crosses)) &&
    (equals === undefined || isSame(value, equals)) &&
    (becomes === undefined || (!isSame(old, value) && becomes.some((one) => isSame(value, one)))) &&
    (kind === undefined || kind === kindOf(old, value) || (kind === "set" && value !== undefined));
  if (against !== "delivered") return ({ old, value }) => passes(old, value);
  // Until something passes, the first value that was replaced is what there is to compare with.
  const last = new Map<string, Value | undefined>();
  return ({ key, old, value }) => {
    const base = last.has(key) ? last.get(key) : old;
    const passed = passes(base, value);
    // An entry that is gone is forgotten, so that there are never more than there are entries.
    if (value === undefined) last.delete(key);
    else last.set(key, passed ? handOut(value) : base);
    return passed;
  };
}

function numberOf(value: Value | undefined): number {
  return typeof value === "number" ? value : typeof value === "bigint" ? Number(value) : Number.NaN;
}

/** Whether two values are at least `delta` apart, as far as floating point can tell: 0.3 and 0.2 are 0.1 apart. */
function isFarther(old: Value | undefined, value: Value | undefined, delta: number): boolean {
  const [a, b] = [numberOf(old), numberOf(value)];
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) !== Number.isNaN(b);
  return a !== b && Math.abs(a - b) >= delta - Number.EPSILON * Math.max(Math.abs(a), Math.abs(b));
}

/** On which side of a threshold a value is; what is equal to it has reached it. */
function side(value: Value | undefined, threshold: number): boolean | undefined {
  const number = numberOf(value);
  return Number.isNaN(number) ? undefined : number >= threshold;
}

function kindOf(old: Value | undefined, value: Value | undefined): Filter["kind"] {
  return value === undefined ? "deleted" : old === undefined ? "created" : "changed";
}
