/** Checks of options and arguments: what is unknown or of a wrong type is refused before anything happens. */

import type { Adapter } from "./contract.js";
import { StatehallError } from "./error.js";
import { utf8Length } from "./value.js";

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
const owner: Check = (value) =>
  text(value) || signal(value) || (object(value) && typeof (value as { close?: unknown }).close === "function");

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
  durability: [(value) => value === "strict" || value === "relaxed", '"strict" or "relaxed"'],
  clock: [object, "an object"],
  owner: [owner, "a name, an AbortSignal or a handle"],
  share: [
    (value) => truth(value) || (Array.isArray(value) && [...value].every(adapter)),
    "true, false or a list of adapters",
  ],
  seed: [(value) => typeof value === "bigint" && BigInt.asUintN(64, value) === value, "a bigint from 0 to 2^64 - 1"],
} satisfies Record<string, readonly [Check, string]>;

export type Kind = keyof typeof kinds;
export type Shape = Readonly<Record<string, Kind>>;

export const putOptions: Shape = { expect: "whole", metadata: "metadata", ttl: "positive", touch: "truth" };
export const deleteOptions: Shape = { expect: "whole", touch: "truth" };
export const watchOptions: Shape = {
  initial: "truth",
  filter: "callable",
  once: "truth",
  owner: "owner",
  signal: "signal",
};
export const iterateOptions: Shape = { ...watchOptions, capacity: "positive" };
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
