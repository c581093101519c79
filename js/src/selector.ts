/** Selectors, as they cross to the kernel. */

import type { Selector } from "./contract.js";
import { StatehallError } from "./error.js";
import { keyText } from "./key.js";

/** Nothing selects everything, one text is a key or a pattern, and an empty text begins a list of keys. */
export type Pattern = string[];

/** Reads a selector: a key, a key with `*` or `**`, or `{ keys: [...] }`. The kernel checks the texts. */
export function patternOf(selector: Selector): Pattern {
  if (typeof selector === "string" || Array.isArray(selector)) return [keyText(selector)];
  const keys = (selector as { keys?: unknown } | null | undefined)?.keys;
  if (Array.isArray(keys) && keys.length > 0) return ["", ...keys.map(keyText)];
  if (Array.isArray(keys)) throw new StatehallError("invalid-selector", "the list of keys is empty");
  const detail = "a selector is a key, a key with `*` or a final `**`, or { keys: [...] }";
  throw new StatehallError("invalid-selector", `${detail}, not ${selector === null ? "null" : typeof selector}`);
}
