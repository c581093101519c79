/**
 * The chair at work. Every tab has a chair in a worker of its own, and a lease settles which of them works: one at a
 * time, first in, first out. When the tab that has it is closed, dies, or is frozen past the lease's time, the next goes on.
 *
 * What is promised. The lease is strict: the store of this origin grants it to one, and each grant has a higher fence.
 * What the chair writes is relaxed, so the hall cannot refuse it by its fence. The chair asks the store before each
 * write, and marks the write with the fence. One that was frozen between the two may still write once; whoever holds the
 * lease hears a lower fence and writes anew.
 */
import type { Lease, Metadata } from "statehall";
import { briefOf } from "./agents/chair.ts";
import type { Finding } from "./agents/finding.ts";
import { CLAIM_RENEWAL, CLAIM_TTL, documentIn, READERS, type Room, sweep } from "./hall.ts";
import type { Variables } from "./variables.ts";

/** Findings come in bursts; one brief answers a burst of this many milliseconds. */
const GATHER = 40;

/**
 * Waits for the lease and works while it is held, again and again, until it is to leave. Rejects when the chair cannot go
 * on, and when it is to leave while it waits.
 */
export async function takeTurns(hall: Room, variables: Variables, tab: string, leaving: AbortSignal): Promise<void> {
  while (!leaving.aborted) {
    const since = Date.now();
    const wait = () => leaving.aborted || hall.put(`chair/waiting/${tab}`, since, { ttl: CLAIM_TTL });
    wait();
    const waiting = setInterval(wait, CLAIM_RENEWAL);
    // In the name of the tab: one owner's second claim would be the same claim.
    const lease = await hall
      .context("chair")
      .acquire({ owner: tab, ttl: CLAIM_TTL, signal: leaving })
      .finally(() => clearInterval(waiting));
    try {
      await work(hall, variables, tab, lease, AbortSignal.any([lease.signal, leaving]));
    } finally {
      await lease.release();
    }
  }
}

/** Removes what this tab's chair has said of itself. */
export function leaveChair(hall: Room, tab: string): void {
  hall.batch(() => {
    hall.delete(`chair/waiting/${tab}`);
    hall.delete(`processes/${chairMachine(tab)}`);
    if (hall.get("chair/holder")?.tab === tab) hall.delete("chair/holder");
  });
}

/** The fence under which something was written; 0 if under none. */
export const fenceOf = (metadata: Metadata | undefined): number => Number(metadata?.["fence"] ?? 0);

export type ChairState = "idle" | "waiting" | "working";
/** `cast`: something that the brief depends on has changed. `info`: whether the lease is still held, or why nobody knows. */
type ChairEvents = { readonly cast: "heard"; readonly info: { readonly value?: boolean; readonly error?: unknown } };

/** The machine of a tab's chair while it holds the lease. Each tab has its own: one may end late, when another has begun. */
export const chairMachine = (tab: string): `chair-${string}` => `chair-${tab}`;

/**
 * Keeps the brief up to date, until the signal aborts: a machine that waits for the end of a burst, then asks the store
 * and writes. What it hears while it asks is postponed, so it is never lost; once is enough.
 */
async function work(hall: Room, variables: Variables, tab: string, lease: Lease, signal: AbortSignal): Promise<void> {
  const { fence } = lease;
  hall.batch(() => {
    hall.delete(`chair/waiting/${tab}`);
    // Those of tabs that have crashed.
    for (const key of hall.keys("processes/*")) if (key.startsWith(`processes/${chairMachine("")}`)) hall.delete(key);
    hall.put("chair/holder", { tab, fence, session: hall.session }, { ttl: CLAIM_TTL });
    variables.agents.chair.starts.update((starts) => starts + 1);
  });
  const machine = hall.machine<ChairState, { heard: boolean }, ChairEvents>({
    name: chairMachine(tab),
    init: { state: "idle", data: { heard: false }, actions: [{ nextEvent: "cast", content: "heard" }] },
    states: {
      idle: ({ type }) => (type === "cast" ? { next: "waiting", actions: [{ stateTimeout: GATHER }] } : undefined),
      waiting: ({ type }, _, self) => {
        if (type !== "stateTimeout") return;
        // Whoever slept may have lost the lease without having heard of it; the store knows.
        hall.task(() => !signal.aborted && lease.renew(), { owner: self });
        return { next: "working", data: { heard: false } };
      },
      working: (event, { heard }) => {
        if (event.type === "cast") return heard ? undefined : { data: { heard: true }, actions: ["postpone"] };
        if (event.type !== "info") return;
        const { value, error } = event.content;
        if (error !== undefined) return { stop: error };
        if (value === true && !signal.aborted) hall.batch(() => writeBrief(hall, variables, { tab, fence }));
        return { next: "idle" };
      },
    },
  });

  const soon = (): void => void machine.cast("heard");
  for (const selector of ["findings/**", "agents/*/progress", "document/generation"])
    hall.watch(selector, soon, { signal });
  hall.watch("agents/*/status", soon, { signal, filter: ({ key }) => key !== "agents/chair/status" });
  // What a chair that has lost the lease wrote late, and what has expired meanwhile.
  hall.watch("brief/*", soon, { signal, filter: ({ metadata }) => fenceOf(metadata) < fence });
  hall.watch("chair/holder", soon, { signal, filter: ({ value }) => (value?.fence ?? 0) < fence });
  const renewing = setInterval(soon, CLAIM_RENEWAL);
  const over = (): void => void machine.stop("shutdown");
  signal.addEventListener("abort", over, { once: true });
  if (signal.aborted) over();
  const { name, term } = await machine.done;
  clearInterval(renewing);
  if (name !== "shutdown") throw term ?? name;
}

/** Writes the brief of what is in the hall now, and says who has the chair. What is there already is not written again. */
function writeBrief(hall: Room, { agents }: Variables, { tab, fence }: { tab: string; fence: number }): void {
  const { text, generation } = documentIn(hall);
  const brief = briefOf(
    READERS.map((agent) => {
      const progress = hall.get(`agents/${agent}/progress`);
      const current = progress?.generation === generation;
      return {
        agent,
        status: current ? agents[agent].status.value : undefined,
        progress: current ? progress : undefined,
        findings: [...hall.toMap(`findings/${generation}/${agent}/*`).values()] as Finding[],
      };
    }),
  );
  hall.put("chair/holder", { tab, fence, session: hall.session }, { ttl: CLAIM_TTL });
  sweep(hall, generation, "chair");
  if (text.trim() === "") {
    hall.delete(`brief/${generation}`);
    agents.chair.status.set("idle");
  } else {
    hall.put(`brief/${generation}`, brief, { metadata: { tab, fence } });
    agents.chair.status.set(brief.pending.length === 0 ? "done" : "working");
  }
}
