/**
 * One agent at work. A tab starts this module once for each agent that it runs; everything the agent hears and says goes
 * through the hall. What a reader does is in `reader.ts`, what the chair does in `chair.ts`; here is when it comes and goes.
 */

import { leaveChair, takeTurns } from "./chair.ts";
import { type AgentName, CLAIM_RENEWAL, CLAIM_TTL, type ReaderName, room, type Status } from "./hall.ts";
import { startReader } from "./reader.ts";
import { declare } from "./variables.ts";

// A worker's name is the one thing that its starter gives it.
const { hall: name, agent, tab } = JSON.parse(self.name) as { hall: string; agent: AgentName; tab: string };
const hall = room(name, agent);
const variables = declare(hall);
const mine = variables.agents[agent];
await hall.ready;
if (agent !== "chair") await claimHeard(agent);
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
  // Nothing else ends it before this worker leaves.
  void startReader(hall, variables, agent).done.then(({ name, term }) => fail(term ?? name));
}

/**
 * Waits for the claim that this worker's tab has made, for a while. A busy tab answers late, and a reader that began
 * without what it has to say would begin with the sample.
 */
function claimHeard(agent: ReaderName): Promise<void> {
  return new Promise((resolve) => {
    const heard = (): void => {
      if (hall.has(`runners/${agent}`)) resolve();
    };
    hall.watch(`runners/${agent}`, heard);
    heard();
    setTimeout(resolve, CLAIM_RENEWAL);
  });
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
