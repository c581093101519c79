/** What the authority has decided and stored: see `outcome.rs` and `record.rs` in `src/replica/strict`. */

import type { Holder } from "../contract.js";
import { Reader } from "./bytes.js";

/** A holder, or one that waits, of whom the deadline is until when, and the fence 0. */
export interface Claim extends Holder {
  readonly session: string;
}

export interface Status {
  readonly version: number;
  /** The document: see `documentOf`. */
  readonly stored: Uint8Array | undefined;
  readonly holders: readonly Claim[];
  readonly waiters: readonly Claim[];
}

export type Outcome =
  | { readonly kind: "committed"; readonly version: number }
  | { readonly kind: "granted"; readonly fence: number; readonly deadline: number | undefined }
  | { readonly kind: "queued" }
  | { readonly kind: "released"; readonly found: boolean }
  | ({ readonly kind: "status" } & Status)
  | { readonly kind: "missing" | "forgotten" }
  | { readonly kind: "exists" | "conflict"; readonly version: number; readonly stored: Uint8Array | undefined }
  | { readonly kind: "held"; readonly holder: Claim; readonly waiting: number }
  | { readonly kind: "lease-lost"; readonly holder: Claim | undefined; readonly because: string | undefined }
  | { readonly kind: "limit"; readonly name: string; readonly max: number; readonly given: number };

/** The limits by which Rust's `Bound`s are known here. */
const BOUNDS = ["valueBytes", "entries", "bytes", "queue", "entries", "sessions"];

export function readOutcome(reader: Reader): Outcome {
  const kind = reader.byte();
  switch (kind) {
    case 1:
      return { kind: "committed", version: reader.number() };
    case 2:
      return { kind: "granted", fence: reader.number(), deadline: reader.option() };
    case 3:
      reader.number();
      return { kind: "queued" };
    case 4:
      return { kind: "released", found: reader.byte() === 1 };
    case 5:
      return { kind: "status", version: reader.number(), ...readStanding(reader) };
    case 7:
    case 10:
      return { kind: kind === 7 ? "exists" : "conflict", version: reader.number(), stored: readBlock(reader) };
    case 8: {
      const waiting = reader.number();
      return { kind: "held", holder: readClaim(reader), waiting };
    }
    case 9: {
      const holder = reader.byte() === 1 ? readClaim(reader) : undefined;
      return { kind: "lease-lost", holder, because: reader.byte() === 1 ? reader.text() : undefined };
    }
    case 11: {
      const name = BOUNDS[reader.number()] as string;
      return { kind: "limit", name, max: reader.number(), given: reader.number() };
    }
    default:
      return { kind: kind === 6 ? "missing" : "forgotten" };
  }
}

/** A record as it is stored. */
export function readRecord(row: Uint8Array) {
  const reader = new Reader(row);
  reader.byte();
  const [version, order, created, updated] = [reader.number(), reader.number(), reader.number(), reader.number()];
  reader.number();
  return { version, order, created, updated, ...readStanding(reader) };
}

function readStanding(reader: Reader) {
  const stored = readBlock(reader);
  return { stored, holders: readClaims(reader), waiters: readClaims(reader) };
}

function readBlock(reader: Reader): Uint8Array | undefined {
  return reader.byte() === 1 ? reader.block() : undefined;
}

const readClaims = (reader: Reader): Claim[] => reader.list(() => readClaim(reader));

function readClaim(reader: Reader): Claim {
  const [session, owner, shared] = [reader.session(), reader.text(), reader.byte() === 1];
  reader.option();
  return { session, owner, mode: shared ? "shared" : "exclusive", deadline: reader.option(), fence: reader.number() };
}

/** What others may know of a claim. */
export const holderOf = ({ owner, fence, mode, deadline }: Claim): Holder => ({ owner, fence, mode, deadline });
