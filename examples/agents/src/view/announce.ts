/** Says in a few words what happened, for those who do not see it: when agents finish, stop or fail, not on the way. */
import { AGENTS, type AgentName, documentIn, READERS, type ReaderName, type Room } from "../hall.ts";
import type { Variables } from "../variables.ts";
import { TITLES } from "./agents.ts";
import { byId, setText } from "./element.ts";
import { countOf } from "./findings.ts";

/** What happens within this many milliseconds is said in one sentence. */
const GATHER = 900;

export function announceView(hall: Room, { agents }: Variables): void {
  const news = new Set<AgentName>();
  let due: ReturnType<typeof setTimeout> | undefined;
  const say = (): void => {
    due = undefined;
    const parts: string[] = [];
    for (const agent of AGENTS) {
      if (!news.has(agent)) continue;
      const status = agents[agent].status.value;
      if (status === "done" && agent !== "chair")
        parts.push(`${TITLES[agent]} done, ${countOf(hall, agent as ReaderName)}.`);
      if (status === "done" && agent === "chair") parts.push("The brief is complete.");
      if (status === "stopped" || status === "failed") parts.push(`${TITLES[agent]} ${status}.`);
    }
    news.clear();
    if (documentIn(hall).text.trim() === "" && READERS.every((agent) => agents[agent].status.value === "idle")) {
      parts.push("Nothing to read yet.");
    }
    if (parts.length > 0) setText(byId("announce"), parts.join(" "));
  };
  hall.watch("agents/*/status", ({ key }) => {
    news.add(key.split("/")[1] as AgentName);
    if (due === undefined) due = setTimeout(say, GATHER);
  });
}
