/**
 * Runs agents in workers of this tab: each reader in one tab, and a chair in every tab.
 *
 * What is wanted stands in the hall (`agents/<name>/wanted`), and so does who runs a reader (`runners/<name>`, a claim
 * that expires unless its worker renews it). Each tab compares the two and acts: it starts a reader that is wanted and
 * that nobody runs, and ends its own worker when the reader is stopped or another tab holds the claim.
 *
 * What is promised: claims are relaxed entries, so two tabs may start one reader at the same moment. Both hear the same
 * claim in the end, and the tab that lost it ends its worker. Until then both write the same findings under the same
 * keys, which harms nothing. Of the chairs exactly one works: they settle it among themselves by a lease (`chair.ts`), and
 * a tab only starts and ends its own.
 */
import { leaveChair } from "./chair.ts";
import { AGENTS, type AgentName, documentIn, type ReaderName, type Room, sweep } from "./hall.ts";
import type { Variables } from "./variables.ts";

/** Milliseconds after which a claim that was made is trusted. */
const SETTLE = 120;
/** A claim lasts this long, in milliseconds, before the worker has renewed it for the first time. */
const START_TTL = 20_000;
/** Milliseconds that a worker has to say goodbye, once it is not wanted, before it is terminated. */
const GRACE = 200;

export type Runner = {
  stop(agent: AgentName): void;
  restart(agent: AgentName): void;
  /** Gives the agents back, so that other tabs need not wait for the claims to expire. To be called when the page goes. */
  leave(): void;
};

export function runAgents(hall: Room, { agents }: Variables, tab: string): Runner {
  const workers = new Map<AgentName, Worker>();
  const starting = new Set<AgentName>();
  const ending = new Set<AgentName>();
  let away = false;

  const start = async (agent: ReaderName): Promise<void> => {
    starting.add(agent);
    // Alone here: start at once. Otherwise tabs start at different moments, hidden ones last.
    const alone = hall.sessions().every(({ self }) => self);
    if (!alone) await wait(50 + Math.random() * 300 + (document.hidden ? 1500 : 0));
    if (wanted(agent) && !hall.has(`runners/${agent}`)) {
      hall.put(`runners/${agent}`, tab, { ttl: START_TTL });
      if (!alone) await wait(SETTLE);
      if (wanted(agent) && hall.get(`runners/${agent}`) === tab && !workers.has(agent))
        workers.set(agent, spawn(agent));
    }
    starting.delete(agent);
  };

  const spawn = (agent: AgentName): Worker => {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), {
      type: "module",
      name: JSON.stringify({ hall: hall.name, agent, tab }),
    });
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      end(agent);
      hall.batch(() => {
        if (agent === "chair") leaveChair(hall, tab);
        else hall.delete(`runners/${agent}`);
        // Another tab's chair does its work.
        if (agent === "chair" && hall.has("chair/holder")) return;
        const reason = event.message || "the worker did not start";
        agents[agent].status.set("failed", { metadata: { reason, tab } });
      });
    });
    return worker;
  };

  const end = (agent: AgentName): void => {
    workers.get(agent)?.terminate();
    workers.delete(agent);
    ending.delete(agent);
  };

  const wanted = (agent: AgentName): boolean =>
    !away && agents[agent].wanted.value === "running" && agents[agent].status.value !== "failed";

  /** Ends a worker once it had the time to say goodbye, and looks again. */
  const dismiss = (agent: AgentName): void => {
    if (ending.has(agent)) return;
    ending.add(agent);
    setTimeout(() => {
      end(agent);
      if (hall.closed) return;
      if (agent === "chair") leaveChair(hall, tab);
      else if (hall.get(`runners/${agent}`) === tab) hall.delete(`runners/${agent}`);
      reconcile(agent);
    }, GRACE);
  };

  /** Brings what runs here in line with what the hall says. */
  const reconcile = (agent: AgentName): void => {
    const stopped = agents[agent].wanted.value === "stopped";
    if (agent === "chair") {
      if (!workers.has(agent)) {
        if (stopped) agents[agent].status.set("stopped");
        if (wanted(agent)) workers.set(agent, spawn(agent));
      } else if (stopped) dismiss(agent);
      return;
    }
    const holder = hall.get(`runners/${agent}`);
    if (workers.has(agent)) {
      // A worker that is alive renews its claim: one that lets it expire is replaced.
      if (stopped || holder !== tab) dismiss(agent);
      return;
    }
    if (stopped && (holder === undefined || holder === tab)) agents[agent].status.set("stopped");
    if (holder === undefined && wanted(agent) && !starting.has(agent)) void start(agent);
  };

  const reconcileAll = (): void => {
    for (const agent of AGENTS) reconcile(agent);
  };

  hall.watch("runners/*", ({ key }) => reconcile(key.slice("runners/".length) as ReaderName));
  hall.watch("agents/*/wanted", ({ key }) => reconcile(key.split("/")[1] as AgentName));
  // A chair that has failed has ended its worker, and is not started again until somebody asks for it.
  hall.watch("agents/chair/status", ({ value, metadata }) => {
    if (value === "failed" && metadata?.["tab"] === tab) end("chair");
  });
  // A chair that could not start was not missed while another tab's worked; now it is.
  hall.watch("chair/holder", () => reconcile("chair"), { filter: ({ deleted }) => deleted });

  // An agent that was stopped before it heard of an edit leaves findings of the old text behind.
  let sweeping: ReturnType<typeof setTimeout> | undefined;
  const sweepSoon = (): void => {
    clearTimeout(sweeping);
    sweeping = setTimeout(() => sweep(hall, documentIn(hall).generation), 300);
  };
  hall.watch("document/generation", sweepSoon);
  hall.watch("findings/**", sweepSoon, {
    filter: ({ key, deleted }) => !deleted && key.split("/")[1] !== documentIn(hall).generation,
  });

  addEventListener("pageshow", (event) => {
    away = false;
    if (event.persisted) void hall.ready.then(reconcileAll);
  });

  void hall.ready.then(reconcileAll);

  return {
    stop(agent) {
      agents[agent].wanted.set("stopped");
    },
    restart(agent) {
      hall.batch(() => {
        const { status, wanted } = agents[agent];
        if (status.value === "failed") status.set("idle");
        // Told even if it was wanted all along: an agent that has failed is.
        wanted.set("running", { touch: true });
      });
    },
    leave() {
      away = true;
      const mine = [...workers.keys()];
      for (const agent of mine) end(agent);
      if (mine.length === 0 || hall.closed) return;
      hall.batch(() => {
        hall.clear({ keys: mine.map((agent) => `runners/${agent}`) });
        leaveChair(hall, tab);
      });
    },
  };
}

const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
