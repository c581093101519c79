/**
 * The hall of this page: its keys, the types of their values, and the rules that tabs and workers share.
 *
 * Tabs and workers say nothing to one another except through these keys; there is no postMessage in this program.
 *
 * What is promised. These are relaxed entries: every session converges to one value, and of two texts written at the
 * same moment one wins whole. No reader counts on running only once: findings have deterministic keys, so two workers of
 * one reader write the same entries. A claim that expires keeps that rare; it does not rule it out. The chair must be one
 * at a time, and so it works under a lease of the context `chair`: see `chair.ts`.
 */
import { type Hall, type MachineSnapshot, openHall } from "statehall";
import type { Brief } from "./agents/chair.ts";
import type { Finding } from "./agents/finding.ts";
import { SAMPLE } from "./sample.ts";

/** The agents, in the order of the page. */
export const AGENTS = ["phrases", "figures", "clarity", "chair"] as const;
export type AgentName = (typeof AGENTS)[number];
/** The agents that read the text; the chair reads only what they find. */
export const READERS = ["phrases", "figures", "clarity"] as const;
export type ReaderName = (typeof READERS)[number];

export const STATUSES = ["idle", "working", "done", "stopped", "failed"] as const;
export type Status = (typeof STATUSES)[number];
export const WANTS = ["running", "stopped"] as const;
export type Wanted = (typeof WANTS)[number];
export const PACES = ["none", "brisk", "slow"] as const;
export type Pace = (typeof PACES)[number];

export type Progress = {
  readonly generation: string;
  /** Passages read, and how many there are. */
  readonly done: number;
  readonly total: number;
  /** Findings made, and how many of them were too many to keep. */
  readonly found: number;
  readonly dropped: number;
  /** Milliseconds of analysis so far, pauses not counted. */
  readonly spent: number;
};

/** Who has the chair: the tab whose worker works, under which fence of the lease, and that worker's session. */
export type Holder = { readonly tab: string; readonly fence: number; readonly session: string };

/** Key patterns to the types of their values. Which of them are declared, and how, is in `variables.ts`. */
export type Keys = {
  "document/text": string;
  "document/generation": string;
  "control/pace": Pace;
  /** `agents/<name>/...`: what an agent does, and what is wanted of it. */
  [status: `agents/${string}/status`]: Status;
  [progress: `agents/${string}/progress`]: Progress;
  [wanted: `agents/${string}/wanted`]: Wanted;
  [starts: `agents/${string}/starts`]: number;
  /** A reader's machine in the middle of a pause, for whoever goes on with it. */
  [kept: `agents/${string}/kept`]: MachineSnapshot;
  /** `processes/<name>`: the state of an agent's machine. The machine writes it, and deletes it when it ends. */
  [state: `processes/${string}`]: string;
  /** Said by the chair that has the lease, and by each that waits: since when. They expire unless renewed. */
  "chair/holder": Holder;
  [waiting: `chair/waiting/${string}`]: number;
  /** `runners/<name>`: the tab whose worker runs the reader. It expires unless the worker renews it. */
  [runner: `runners/${string}`]: string;
  /** `findings/<generation>/<agent>/<id>` */
  [finding: `findings/${string}`]: Finding;
  /** `brief/<generation>`; metadata: the tab and the fence of the chair that wrote it. */
  [brief: `brief/${string}`]: Brief;
};
export type Room = Hall<Keys>;

/** A claim or lease that nobody renews for this long is free, in milliseconds. */
export const CLAIM_TTL = 5000;
/** How often a worker renews its claim. */
export const CLAIM_RENEWAL = 1500;
/** Characters of text that are read. At most 3 bytes each, so the text fits one value of the hall (1 MiB). */
export const TEXT_MAX = 200_000;

/** Milliseconds between two passages, so that people can follow. The analysis itself waits for nothing. */
export const PAUSE: Readonly<Record<Pace, number>> = { none: 0, brisk: 140, slow: 700 };

export const room = (name: string, agent: string): Room => openHall<Keys>({ name, agent, share: true });

export type Document = {
  readonly text: string;
  readonly generation: string;
  /** False while the text has arrived and its generation has not, or the other way round. */
  readonly whole: boolean;
};

/** The document now. Until somebody writes one it is the sample, which is a default and so never a write. */
export function documentIn(hall: Room): Document {
  const text = hall.get("document/text", SAMPLE);
  const generation = hall.get("document/generation", generationOf(SAMPLE, 0));
  return { text, generation, whole: generation.endsWith(`-${digest(text)}`) };
}

/** Names one state of the text: a number that grows with each edit, and a digest of the text that it belongs to. */
export const generationOf = (text: string, number: number): string => `${number}-${digest(text)}`;

/** The generation that an edit made now would have. */
export const nextGeneration = (hall: Room, text: string): string =>
  generationOf(text, numberOf(documentIn(hall).generation) + 1);

const numberOf = (generation: string): number => Number.parseInt(generation, 10) || 0;

/**
 * Whether findings of `generation` are out of date when the document is at `current`. Findings with a higher number are
 * not: their document is still on its way here.
 */
export const isStale = (generation: string, current: string): boolean =>
  generation !== current && numberOf(generation) <= numberOf(current);

/** Writes a new text and removes what belonged to the old one, as one batch. */
export function writeDocument(hall: Room, text: string): void {
  if (text === documentIn(hall).text) return;
  hall.batch(() => {
    const generation = nextGeneration(hall, text);
    hall.put("document/text", text);
    hall.put("document/generation", generation);
    sweep(hall, generation);
  });
}

/**
 * Removes findings and briefs of earlier generations; all of them, or one agent's. Returns how many.
 *
 * An agent that had not yet heard of an edit may still write findings of the old text. It removes them itself when it
 * hears of the edit, and every tab sweeps after it in case the agent was stopped in between.
 */
export function sweep(hall: Room, current: string, agent?: AgentName): number {
  const stale = new Set<string>();
  for (const key of hall.keys("findings/**")) {
    const [, generation = "", by] = key.split("/");
    if (isStale(generation, current) && (agent === undefined || by === agent))
      stale.add(`findings/${generation}/${by}/**`);
  }
  if (agent === undefined || agent === "chair") {
    for (const key of hall.keys("brief/*")) if (isStale(key.slice("brief/".length), current)) stale.add(key);
  }
  if (stale.size === 0) return 0;
  return hall.batch(() => [...stale].reduce((sum, selector) => sum + hall.clear(selector), 0));
}

/** A digest of 53 bits (cyrb53). It tells texts apart; it protects nothing. */
function digest(text: string): string {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    high = Math.imul(high ^ unit, 2654435761);
    low = Math.imul(low ^ unit, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return (4294967296 * (2097151 & low) + (high >>> 0)).toString(36);
}
