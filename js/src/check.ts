/** Checks of options and arguments: what is unknown or of a wrong type is refused before anything happens. */

import type { Adapter } from "./contract.js";
import { StatehallError } from "./error.js";
import { utf8Length } from "./value.js";

type Every = { readonly every?: unknown };
type Check = (value: unknown) => boolean;

const whole: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const positive: Check = (value) => whole(value) && (value as number) > 0;
const truth: Check = (value) => typeof value === "boolean";
const callable: Check = (value) => typeof value === "function";
const object: Check = (value) => typeof value === "object" && value !== null;
/** Not a date, a list or a promise that stands where options belong. */
const record: Check = (value) => object(value) && Object.prototype.toString.call(value) === "[object Object]";
const adapter: Check = (value) =>
  object(value) && [(value as Adapter).open, (value as Adapter).send, (value as Adapter).close].every(callable);
const text: Check = (value) => typeof value === "string" && utf8Length(value) >= 0;
const signal: Check = (value) =>
  object(value) && "aborted" in (value as object) && typeof (value as AbortSignal).addEventListener === "function";
const named: Check = (value) => text(value) || (object(value) && callable((value as { touch?: unknown }).touch));
const owner: Check = (value) =>
  named(value) || signal(value) || (object(value) && typeof (value as { close?: unknown }).close === "function");

function oneOf(...words: string[]): readonly [Check, string] {
  return [(value) => words.includes(value as string), words.map((word) => `"${word}"`).join(" or ")];
}

/** An option's check, and what it should have been. */
const kinds = {
  whole: [whole, "a whole number, 0 or more"],
  positive: [positive, "a whole number, 1 or more"],
  truth: [truth, "true or false"],
  callable: [callable, "a function"],
  record: [record, "an object"],
  // Metadata are judged as a value.
  metadata: [() => true, "a plain object"],
  text: [text, "well-formed text"],
  signal: [signal, "an AbortSignal"],
  mode: [(value) => value === "exclusive" || value === "shared", '"exclusive" or "shared"'],
  timers: oneOf("deadline", "remaining", "restart"),
  durability: [(value) => value === "strict" || value === "relaxed", '"strict" or "relaxed"'],
  clock: [object, "an object"],
  owner: [owner, "a name, an owner, an AbortSignal or a handle"],
  named: [named, "a name or an owner"],
  filter: [(value) => callable(value) || record(value), "a function or an object"],
  amount: [(value) => Number.isFinite(value) && (value as number) > 0, "a number above 0"],
  finite: [(value) => Number.isFinite(value), "a finite number"],
  list: [(value) => Array.isArray(value) && value.length > 0, "a list of values"],
  // Judged as a value.
  value: [() => true, "a value"],
  kind: oneOf("created", "changed", "set", "deleted"),
  against: oneOf("previous", "delivered"),
  deliver: [
    (value) =>
      ["now", "microtask", "frame"].includes(value as string) || (record(value) && positive((value as Every).every)),
    '"now", "microtask", "frame" or { every: milliseconds, 1 or more }',
  ],
  overflow: oneOf("coalesce", "drop-oldest", "close"),
  share: [
    (value) => truth(value) || (Array.isArray(value) && [...value].every(adapter)),
    "true, false or a list of adapters",
  ],
  seed: [(value) => typeof value === "bigint" && BigInt.asUintN(64, value) === value, "a bigint from 0 to 2^64 - 1"],
} satisfies Record<string, readonly [Check, string]>;

export type Kind = keyof typeof kinds;
export type Shape = Readonly<Record<string, Kind>>;

export const putOptions: Shape = {
  expect: "whole",
  metadata: "metadata",
  ttl: "positive",
  touch: "truth",
  owner: "named",
};
export const deleteOptions: Shape = { expect: "whole", touch: "truth" };
export const ownerOptions: Shape = { ttl: "positive" };
export const iterateOptions: Shape = {
  initial: "truth",
  filter: "filter",
  once: "truth",
  owner: "owner",
  signal: "signal",
  capacity: "positive",
  overflow: "overflow",
};
export const watchOptions: Shape = { ...iterateOptions, deliver: "deliver" };
export const untilOptions: Shape = { signal: "signal", timeout: "whole" };
export const filterOptions: Shape = {
  delta: "amount",
  crosses: "finite",
  equals: "value",
  becomes: "list",
  kind: "kind",
  against: "against",
};
export const hallOptions: Shape = {
  name: "text",
  agent: "text",
  share: "share",
  clock: "clock",
  seed: "seed",
  limits: "record",
  durability: "durability",
  notify: "truth",
  onError: "callable",
};

/** Refuses options that are unknown or of a wrong type. */
export function checkOptions(options: unknown, shape: Shape): void {
  if (!record(options)) throw wrong("the options", "an object", options);
  for (const [name, value] of Object.entries(options as object)) {
    if (!Object.hasOwn(shape, name)) {
      const known = Object.keys(shape).join(", ");
      throw new StatehallError("invalid-argument", `there is no option "${name}"; the options are ${known}`);
    }
    if (value !== undefined) checkArgument(`the option "${name}"`, value, shape[name] as Kind);
  }
}

/** Refuses an argument of a wrong type. */
export function checkArgument(what: string, value: unknown, kind: Kind): void {
  const [check, expected] = kinds[kind];
  if (!check(value)) throw wrong(what, expected, value);
}

function wrong(what: string, expected: string, given: unknown): StatehallError {
  const shown =
    typeof given === "number" || typeof given === "boolean" || given === null ? String(given) : typeof given;
  return new StatehallError("invalid-argument", `${what} is ${expected}, not ${shown}`);
}
