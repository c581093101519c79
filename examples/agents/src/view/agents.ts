/** The agents: what each does, how far it is, who runs it, and the button that stops or restarts it. */
import { chairMachine } from "../chair.ts";
import { AGENTS, type AgentName, documentIn, type Pace, READERS, type Room, type Status } from "../hall.ts";
import type { Runner } from "../runner.ts";
import { misfits, type Variables } from "../variables.ts";
import { byId, element, number, onFrame, plural, setText, unseen } from "./element.ts";

export const TITLES: Readonly<Record<AgentName, string>> = {
  phrases: "Phrases",
  figures: "Figures",
  clarity: "Clarity",
  chair: "Chair",
};

const ROLES: Readonly<Record<AgentName, string>> = {
  phrases: "What the text keeps coming back to",
  figures: "Dates, money, quantities, percentages",
  clarity: "Reading ease, long sentences, hedges",
  chair: "Reads only what the others find",
};

const GLYPHS: Readonly<Record<Status, string>> = { idle: "○", working: "◐", done: "✓", stopped: "■", failed: "✕" };

export function agentsView(hall: Room, variables: Variables, runner: Runner, tab: string): void {
  const draws = AGENTS.map((agent) => card(hall, variables, runner, tab, agent));
  const draw = onFrame(() => {
    for (const one of draws) one();
  });
  for (const selector of ["agents/**", "runners/*", "processes/*", "chair/**", "document/generation", "findings/**"]) {
    hall.watch(selector, draw, { initial: true });
  }
  draw();
  pace(variables);
}

function card(hall: Room, { agents }: Variables, runner: Runner, tab: string, agent: AgentName): () => void {
  const { status: standing, wanted, starts } = agents[agent];
  const glyph = element("span", { class: "glyph", "aria-hidden": "true" });
  const status = element("strong");
  const detail = element("span");
  const facts = element("p", { class: "facts" });
  const machine = element("p", { class: "machine" });
  const line = agent === "chair" ? element("p", { class: "facts" }) : undefined;
  const misfit = element("p", { class: "misfit" });
  const bar = element("progress", { "aria-label": `${TITLES[agent]}: passages read` });
  const verb = element("span");
  const button = element("button", { type: "button", class: "switch" }, verb, unseen(` ${agent}`));
  const item = element(
    "li",
    { class: `card ${agent}`, "data-agent": agent },
    element("h3", {}, element("span", { class: "ink" }, TITLES[agent])),
    button,
    element("p", { class: "role" }, ROLES[agent]),
    element("p", { class: "state" }, glyph, " ", status, " ", detail),
    bar,
    facts,
    machine,
    line,
    misfit,
  );
  byId("agents").append(item);

  const isOff = (): boolean => ["stopped", "failed"].includes(standing.value);
  button.addEventListener("click", () => (isOff() ? runner.restart(agent) : runner.stop(agent)));

  return () => {
    const now = standing.value;
    const progress = hall.get(`agents/${agent}/progress`);
    const holder = agent === "chair" ? hall.get("chair/holder")?.tab : hall.get(`runners/${agent}`);
    const { generation } = documentIn(hall);
    const current = progress?.generation === generation ? progress : undefined;
    item.dataset["status"] = now;
    setText(glyph, GLYPHS[now]);
    setText(status, now);
    setText(verb, isOff() ? "Restart" : "Stop");

    const found = agent === "chair" ? 0 : hall.keys(`findings/${generation}/${agent}/*`).length;
    const pieces: string[] = [];
    if (agent === "chair") {
      const heard = READERS.reduce((sum, reader) => sum + hall.keys(`findings/${generation}/${reader}/*`).length, 0);
      const done = READERS.filter((reader) => agents[reader].status.value === "done").length;
      setText(detail, now === "idle" ? "" : `· ${done} of ${READERS.length} agents done`);
      bar.max = READERS.length;
      bar.value = now === "idle" ? 0 : done;
      bar.setAttribute("aria-label", "Chair: agents that are done");
      pieces.push(`${plural(heard, "finding")} heard`);
    } else {
      setText(
        detail,
        current === undefined || current.total === 0 ? "" : `· ${current.done} of ${plural(current.total, "passage")}`,
      );
      bar.max = Math.max(1, current?.total ?? 1);
      bar.value = current?.done ?? 0;
      pieces.push(plural(found, "finding"));
      if ((current?.dropped ?? 0) > 0) pieces.push("more than are kept");
      if ((current?.spent ?? 0) > 0) pieces.push(`${number(current?.spent ?? 0)} ms`);
    }
    // What was set of a variable's metadata stays until it is set anew.
    const reason = now === "failed" ? standing.metadata["reason"] : undefined;
    if (typeof reason === "string") pieces.push(reason);
    else if (holder === undefined) pieces.push(isOff() ? "no worker" : "waiting for a worker");
    else pieces.push(`worker of ${nameOf(holder, tab)}`);
    setText(facts, pieces.join(" · "));
    // A worker that was only terminated has not said that its machine is gone.
    const state = holder === undefined ? undefined : hall.get(`processes/${machineOf(agent, holder)}`);
    setText(machine, state === undefined ? "" : `machine: ${state}`);
    if (line !== undefined) setText(line, turns(hall, tab));
    setText(misfit, misfits([wanted, standing, starts]));
  };
}

const machineOf = (agent: AgentName, holder: string): string => (agent === "chair" ? chairMachine(holder) : agent);

const nameOf = (other: string, tab: string): string => (other === tab ? "this tab" : other);

/** Under which fence the chair works, and whose chairs wait, the next one first. */
function turns(hall: Room, tab: string): string {
  const holder = hall.get("chair/holder");
  const waiting = [...(hall.toMap("chair/waiting/*") as ReadonlyMap<string, number>)]
    .sort(([, a], [, b]) => a - b)
    .map(([key]) => nameOf(key.slice("chair/waiting/".length), tab));
  return [
    ...(holder === undefined ? [] : [`fence ${holder.fence}`]),
    waiting.length === 0 ? "nobody in line" : `in line: ${waiting.join(", ")}`,
  ].join(" · ");
}

function pace({ pace }: Variables): void {
  const radios = [...byId("pace").querySelectorAll("input")];
  for (const radio of radios) radio.addEventListener("change", () => pace.set(radio.value as Pace));
  const draw = (): void => {
    for (const radio of radios) radio.checked = radio.value === pace.value;
    setText(byId("pace-misfit"), misfits([pace]));
  };
  pace.watch(draw, { initial: true });
}
