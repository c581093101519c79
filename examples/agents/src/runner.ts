/**
 * Runs agents in workers of this tab, so that each agent runs in one tab.
 *
 * What is wanted stands in the hall (`agents/<name>/wanted`), and so does who runs it (`runners/<name>`, a claim that
 * expires unless its worker renews it). Each tab compares the two and acts: it starts an agent that is wanted and that
 * nobody runs, and ends its own worker when the agent is stopped or another tab holds the claim.
 *
 * What is promised: claims are relaxed entries, so two tabs may start one agent at the same moment. Both hear the same
 * claim in the end, and the tab that lost it ends its worker. Until then both write the same findings under the same
 * keys, which harms nothing. Exactly one would need a lease, which is strict and so asynchronous.
 */
import { AGENTS, type AgentName, documentIn, type Room, sweep } from "./hall.ts";
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

  const start = async (agent: AgentName): Promise<void> => {
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
        hall.delete(`runners/${agent}`);
        agents[agent].status.set("failed", { metadata: { reason: event.message || "the worker did not start" } });
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

  /** Brings what runs here in line with what the hall says. */
  const reconcile = (agent: AgentName): void => {
    const holder = hall.get(`runners/${agent}`);
    const stopped = agents[agent].wanted.value === "stopped";
    if (workers.has(agent)) {
      // A worker that is alive renews its claim: one that lets it expire is replaced.
      if ((!stopped && holder === tab) || ending.has(agent)) return;
      ending.add(agent);
      setTimeout(() => {
        end(agent);
        if (hall.closed) return;
        if (hall.get(`runners/${agent}`) === tab) hall.delete(`runners/${agent}`);
        reconcile(agent);
      }, GRACE);
      return;
    }
    if (stopped && (holder === undefined || holder === tab)) agents[agent].status.set("stopped");
    if (holder === undefined && wanted(agent) && !starting.has(agent)) void start(agent);
  };

  const reconcileAll = (): void => {
    for (const agent of AGENTS) reconcile(agent);
  };

  hall.watch("runners/*", ({ key }) => reconcile(key.slice("runners/".length) as AgentName));
  hall.watch("agents/*/wanted", ({ key }) => reconcile(key.split("/")[1] as AgentName));

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
        wanted.set("running");
      });
    },
    leave() {
      away = true;
      const mine = [...workers.keys()];
      for (const agent of mine) end(agent);
      if (mine.length > 0 && !hall.closed) hall.clear({ keys: mine.map((agent) => `runners/${agent}`) });
    },
  };
}

const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
