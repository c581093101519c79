/**
 * Keys as text: segments joined by `/`, a `/` inside a segment written `~1` and a `~` written `~0` (RFC 6901).
 *
 * Invariant: `segments(keyText(key))` gives the segments back, so `["a", "b/c"]` and `["a/b", "c"]` never collide.
 * Whether text is a good key (length, empty segments, wildcards) is judged once, by the kernel.
 *
 * Selectors cross to the kernel as lists of texts.
 */

import type { Selector } from "./contract.js";
import { StatehallError } from "./error.js";
import { utf8Length } from "./value.js";

/** The text of a key that may also be given as segments. */
export function keyText(key: unknown): string {
  if (typeof key === "string") return wellFormed(key);
  if (!Array.isArray(key)) throw invalid(key === null ? "null" : `a value of type ${typeof key}`);
  if (key.length === 0) throw invalid("an empty array");
  let text = "";
  for (let i = 0; i < key.length; i++) {
    const segment: unknown = key[i];
    if (typeof segment !== "string") throw invalid(`an array whose item ${i} is of type ${typeof segment}`);
    text += (i > 0 ? "/" : "") + segment.replaceAll("~", "~0").replaceAll("/", "~1");
  }
  return wellFormed(text);
}

/** The text, unless a lone surrogate in it would become another character on its way. */
function wellFormed(text: string): string {
  if (utf8Length(text) < 0) throw invalid("text with a lone surrogate");
  return text;
}

/** The segments of a key's text. */
export function segments(text: string): string[] {
  return text.split("/").map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function invalid(given: string): StatehallError {
  return new StatehallError("invalid-key", `a key is text or an array of one or more texts, not ${given}`);
}

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
