/**
 * What agents put into the hall, and how an agent that reads works.
 */
import type { Passage, Range } from "../text.ts";

/** Something an agent noticed, at a place in the text. */
export type Finding = {
  readonly kind: Kind;
  /** What was found, as it stands in the text or in short. */
  readonly label: string;
  /** More about it, for people. */
  readonly note: string;
  /** The sentences that it is about, at most `PLACES_MAX`. */
  readonly where: readonly Range[];
  /** The exact words in the first of them. */
  readonly at: Range;
  /** The first sentence, shortened. */
  readonly quote: string;
  /** How much it matters among its kind, 0 to 1. */
  readonly weight: number;
  /** How often it was found. */
  readonly count: number;
};

export type Kind =
  | "phrase"
  | "date"
  | "time"
  | "money"
  | "percentage"
  | "quantity"
  | "number"
  | "long"
  | "hedge"
  | "readability";

export const PLACES_MAX = 12;
/** Findings that one reader keeps. */
export const FINDINGS_MAX = 400;

/** What one more passage changed: findings by id to put, ids to delete. */
export type Delta = {
  readonly put: ReadonlyMap<string, Finding>;
  readonly drop: readonly string[];
};

/** Reads passages in order. The same passages always give the same findings under the same ids. */
export interface Reader {
  read(passage: Passage): Delta;
}

/** An id that sorts in the order of the text. */
export const placeId = (prefix: string, offset: number): string => prefix + String(offset).padStart(6, "0");
