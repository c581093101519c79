/** Machines that are kept: a plain value, so that it can be stored like any other, and read again. */

import type { Value } from "../contract.js";
import { StatehallError } from "../error.js";
import { measure } from "../value.js";
import { KINDS } from "./action.js";
import type { MachineSnapshot } from "./contract.js";
import { described, type Module, modeOf, type Numbers, type Process } from "./process.js";
import type { Words } from "./words.js";

const VERSION = 1;
const BOUNDS = { valueBytes: 2 ** 31 - 1, metadataBytes: 0, valueDepth: 64 };

type Row = Readonly<Record<string, unknown>>;

/** What a snapshot says. */
export interface Restored {
  readonly state: unknown;
  readonly data: unknown;
  /** What the kernel reads. */
  numbers(words: Words, module: Module): Float64Array;
}

/** A machine, from what the kernel says of it. */
export function kept(process: Process, numbers: Numbers, words: Words): MachineSnapshot {
  const [state, , suspended] = [numbers.next(), numbers.next(), numbers.next()];
  if (numbers.rows(1).length > 1)
    throw new StatehallError("invalid-argument", `${process.shown_} has another callback module pushed; pop it first`);
  // What is absent is null in a value.
  const read = (row: number[]) => described(row, (number) => words.at(number) ?? null);
  const events = () => numbers.rows(4).map((row) => ({ ...read(row), age: row[3] as number }));
  const snapshot = {
    statehall: "machine",
    version: VERSION,
    state: words.at(state),
    data: process.data === undefined ? null : process.data,
    suspended: suspended === 1,
    queue: events(),
    postponed: events(),
    mailbox: events(),
    timers: numbers.rows(6).map((row) => ({
      ...read(row),
      due: row[3] as number,
      remaining: row[4] as number,
      length: row[5] as number,
    })),
  };
  measure(snapshot, BOUNDS);
  return structuredClone(snapshot);
}

/** Reads a snapshot. `invalid-snapshot` if it is none; `newer-version` if a later statehall has written it. */
export function restored(given: unknown): Restored {
  const snapshot = (typeof given === "object" && given !== null ? given : {}) as Row;
  if (snapshot["statehall"] !== "machine") throw invalid("it does not say that it is a machine");
  if (snapshot["version"] !== VERSION) {
    const newer = (snapshot["version"] as number) > VERSION;
    throw new StatehallError(
      newer ? "newer-version" : "invalid-snapshot",
      `a machine of version ${snapshot["version"]}`,
    );
  }
  try {
    measure(snapshot, BOUNDS);
  } catch (cause) {
    throw new StatehallError("invalid-snapshot", `a kept machine is a value: ${(cause as Error).message}`, { cause });
  }
  const { state, data, suspended } = snapshot;
  if (state === undefined) throw invalid("it has no state");
  const lists = ["queue", "postponed", "mailbox"].map((name) => rows(snapshot, name, ["age"]));
  const timers = rows(snapshot, "timers", ["due", "remaining", "length"]);
  const copy = structuredClone({ state, data }) as { state: Value; data: Value };
  const numbers = (words: Words, module: Module): Float64Array => {
    const row = (item: Row, times: readonly string[]) => {
      const kind = kindNumber(item);
      return [
        kind,
        kind === 5 ? words.same(item["name"]) : 0,
        words.hold(item["content"]),
        ...times.map((name) => item[name] as number),
      ];
    };
    const list = (items: readonly Row[], times: readonly string[]) => [
      items.length,
      ...items.flatMap((item) => row(item, times)),
    ];
    return Float64Array.from([
      words.same(copy.state),
      modeOf(module) ?? 0,
      Number(suspended === true),
      1,
      words.module(module),
      ...lists.flatMap((items) => list(items, ["age"])),
      ...list(timers, ["due", "remaining", "length"]),
    ]);
  };
  return { ...copy, numbers };
}

/** A list of events or timers with their times. */
function rows(snapshot: Row, name: string, times: readonly string[]): Row[] {
  const list = snapshot[name];
  if (!Array.isArray(list)) throw invalid(`${name} is no list`);
  for (const item of list as Row[]) {
    const kind = typeof item === "object" && item !== null ? kindNumber(item) : -1;
    const timer = kind >= 3 && kind <= 5;
    if (kind < 0 || (name === "timers" && !timer)) throw invalid(`${name} has an item of no kind`);
    // A deadline of -1 is that of a timeout without a time.
    if (!times.every((time) => Number.isSafeInteger(item[time]) && (item[time] as number) >= (time === "due" ? -1 : 0)))
      throw invalid(`${name} has an item without ${times.join(", ")}`);
  }
  return list as Row[];
}

function kindNumber({ type, name }: Row): number {
  if (name !== undefined) return type === "timeout" && typeof name === "string" ? 5 : -1;
  return KINDS.indexOf(type as "cast");
}

function invalid(detail: string): StatehallError {
  return new StatehallError("invalid-snapshot", `this is no machine that was kept: ${detail}`);
}
