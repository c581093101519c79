/**
 * Documents as they are stored. A row has the bytes of its document; where no other process reads the rows, it has only
 * their number, and the value is kept beside it: then nothing is encoded, and whoever reads a document gets the value.
 */

import { decode, encode } from "../codec.js";
import type { Value } from "../contract.js";
import { handOut } from "../value.js";
import type { Action } from "./action.js";
import { Reader, Writer } from "./bytes.js";
import type { Outcome } from "./outcome.js";
import type { Rows, Store } from "./store.js";

/** An admitted value, and how many bytes it takes encoded. */
export interface Document {
  readonly value: Value;
  readonly size: number;
}

/** How bytes begin that stand for a document: see `document_bytes` in `src/replica/strict/record.rs`. */
const OUTSIDE = 0xff;

/** The values beside rows, and beside what asks for them to be stored. */
const beside = new WeakMap<Uint8Array, Value>();

/** What asks the authority to store a document. */
export function storing({ outside }: Store, { value, size }: Document, action: (bytes: Uint8Array) => Action): Action {
  if (!outside) return action(encode(value));
  const asked = action(new Writer().byte(OUTSIDE).number(size).bytes);
  beside.set(asked, value);
  return asked;
}

/** The document of which these bytes are stored, in a row or in an outcome. */
export function documentOf(stored: Uint8Array, row = stored): Document {
  if (stored[0] !== OUTSIDE) return { value: decode(stored), size: stored.length };
  return { value: handOut(beside.get(row) as Value), size: new Reader(stored.subarray(1)).number() };
}

/** Puts values beside the rows that are to be written, and beside the outcomes that tell of them. */
export function keepOutside(
  requests: readonly { readonly key: string; readonly action: Action }[],
  outcomes: readonly Outcome[],
  given: Rows,
  written: Rows,
): void {
  const now = new Map<string, Value | undefined>();
  const current = (name: string) => (now.has(name) ? now.get(name) : beside.get(given.get(name) as Uint8Array));
  const put = (bytes: Uint8Array | undefined, value: Value | undefined) => {
    if (bytes && value !== undefined) beside.set(bytes, value);
  };
  for (const [i, { key, action }] of requests.entries()) {
    const [name, outcome] = [`r${key}`, outcomes[i] as Outcome];
    if (outcome.kind === "committed") now.set(name, beside.get(action));
    else if ("stored" in outcome) put(outcome.stored, current(name));
  }
  for (const [name, row] of written) put(row, current(name));
}
