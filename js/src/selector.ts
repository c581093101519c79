/** Selectors, as they cross to the kernel: pattern text, or a list of keys. */

import type { Selector } from "./contract.js";
import { StatehallError } from "./error.js";
import { keyText } from "./key.js";

/** The arguments of the kernel's calls that select; both undefined select everything. */
export type Pattern = readonly [text: string | undefined, keys: string[] | undefined];

export const EVERYTHING: Pattern = [undefined, undefined];

/** Reads a selector: a key, a key with `*` or `**`, or `{ keys: [...] }`. The kernel checks the texts. */
export function patternOf(selector: Selector): Pattern {
  if (typeof selector === "string" || Array.isArray(selector)) return [keyText(selector), undefined];
  const keys = (selector as { keys?: unknown } | null | undefined)?.keys;
  if (Array.isArray(keys)) return [undefined, keys.map(keyText)];
  const detail = "a selector is a key, a key with `*` or a final `**`, or { keys: [...] }";
  throw new StatehallError("invalid-selector", `${detail}, not ${selector === null ? "null" : typeof selector}`);
}
