/**
 * One agent at work. A tab starts this module once for each agent that it runs; everything the agent hears and says goes
 * through the hall.
 *
 * A reader reads passage after passage and puts what it finds as it goes. Before each put it looks whether the document
 * is still the one it began with. A reader that is started in the middle goes on from the progress in the hall.
 */

import { clarityReader } from "./agents/clarity.ts";
import { figuresReader } from "./agents/figures.ts";
import { FINDINGS_MAX, type Reader } from "./agents/finding.ts";
import { phrasesReader } from "./agents/phrases.ts";
import { leaveChair, takeTurns } from "./chair.ts";
import {
  type AgentName,
  CLAIM_RENEWAL,
  CLAIM_TTL,
  documentIn,
  PAUSE,
  type Progress,
  type ReaderName,
  type Room,
  room,
  type Status,
  sweep,
} from "./hall.ts";
import { passagesOf } from "./text.ts";
import { declare } from "./variables.ts";

const READ: Readonly<Record<ReaderName, (text: string) => Reader>> = {
  phrases: phrasesReader,
  figures: figuresReader,
  clarity: clarityReader,
};

// A worker's name is the one thing that its starter gives it.
const { hall: name, agent, tab } = JSON.parse(self.name) as { hall: string; agent: AgentName; tab: string };
const hall = room(name, agent);
const variables = declare(hall);
const { pace } = variables;
const mine = variables.agents[agent];
await hall.ready;
const leaving = new AbortController();
let turns: Promise<void> | undefined;
heedStop();
if (!leaving.signal.aborted && agent === "chair") {
  turns = takeTurns(hall, variables, tab, leaving.signal);
  turns.catch(fail);
}
if (!leaving.signal.aborted && agent !== "chair") {
  mine.starts.update((starts) => starts + 1);
  holdClaim(agent);
  reader(hall, agent);
}

/** Keeps this tab's claim on a reader alive, unless another tab has taken it meanwhile. */
function holdClaim(agent: ReaderName): void {
  const renew = (): void => {
    if (hall.get(`runners/${agent}`, tab) === tab) hall.put(`runners/${agent}`, tab, { ttl: CLAIM_TTL, touch: true });
  };
  renew();
  setInterval(renew, CLAIM_RENEWAL);
}

/**
 * Leaves when the agent is stopped, or is a reader that another tab has claimed. A session that says goodbye is gone
 * from the list of those present at once; one whose worker is only terminated is there until it has been silent for long.
 */
function heedStop(): void {
  const heed = (): void => {
    const stopped = mine.wanted.value === "stopped";
    if (!stopped && (agent === "chair" || hall.get(`runners/${agent}`, tab) === tab)) return;
    if (leaving.signal.aborted) return;
    if (stopped) report("stopped");
    void leave();
  };
  hall.watch({ keys: [`agents/${agent}/wanted`, `runners/${agent}`] }, heed);
  heed();
}

/** Says why the agent cannot go on, and leaves. */
function fail(error: unknown): void {
  if (leaving.signal.aborted) return;
  mine.status.set("failed", { metadata: { reason: String(error).slice(0, 200), tab } });
  if (agent !== "chair") hall.delete(`runners/${agent}`);
  void leave();
}

/** Says goodbye. A chair first gives its lease back, or its place in line. */
async function leave(): Promise<void> {
  leaving.abort();
  if (agent === "chair") leaveChair(hall, tab);
  if (turns !== undefined) await turns.catch(() => {});
  hall.close();
  self.close();
}

function report(status: Status): void {
  mine.status.set(status);
}

function reader(hall: Room, agent: ReaderName): void {
  let turn = 0;
  const begin = (): void => {
    turn += 1;
    read(hall, agent, turn, () => turn).catch(fail);
  };
  hall.watch({ keys: ["document/text", "document/generation"] }, begin);
  begin();
}

async function read(hall: Room, agent: ReaderName, turn: number, now: () => number): Promise<void> {
  // Edits of text and generation may arrive apart, and several in a row; the last one that is whole counts.
  await Promise.resolve();
  const document = documentIn(hall);
  const { text, generation } = document;
  if (turn !== now() || !document.whole) return;

  let spent = 0;
  const timed = <T>(work: () => T): T => {
    const start = performance.now();
    const result = work();
    spent += performance.now() - start;
    return result;
  };
  const passages = timed(() => passagesOf(text));
  const reader = timed(() => READ[agent](text));
  const before = hall.get(`agents/${agent}/progress`);
  const resumed = before?.generation === generation ? before.done : 0;
  const found = new Set<string>();

  const progress = (done: number): Progress => ({
    generation,
    done,
    total: passages.length,
    found: found.size,
    dropped: agent !== "phrases" && found.size >= FINDINGS_MAX ? 1 : 0,
    spent: Math.round(spent * 10) / 10,
  });

  hall.batch(() => {
    sweep(hall, generation, agent);
    hall.put(`agents/${agent}/progress`, progress(Math.min(resumed, passages.length)));
    report(passages.length === 0 ? "idle" : "working");
  });

  for (const passage of passages) {
    // What was read before the restart is only counted again: it is in the hall already.
    if (passage.index >= resumed) {
      await pause();
      if (turn !== now() || documentIn(hall).generation !== generation) return;
    }
    const { put, drop } = timed(() => reader.read(passage));
    for (const id of put.keys()) found.add(id);
    for (const id of drop) found.delete(id);
    hall.batch(() => {
      for (const [id, finding] of put) hall.put(["findings", generation, agent, id], finding);
      for (const id of drop) hall.delete(["findings", generation, agent, id]);
      if (passage.index >= resumed) hall.put(`agents/${agent}/progress`, progress(passage.index + 1));
    });
  }
  if (passages.length > 0) {
    hall.batch(() => {
      hall.put(`agents/${agent}/progress`, progress(passages.length));
      report("done");
    });
  }
}

/** Waits as the pace asks, and at least for the other events of this worker. */
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, PAUSE[pace.value]));
