/**
 * The variables of this page: what these keys may hold, and what they show until somebody sets them.
 *
 * Declarations are not shared through the hall, so every tab and every worker makes the same ones, here. A tab that
 * runs an older or newer program may still write what does not fit: it arrives and stays, each variable shows its default
 * instead, and the page says so.
 */
import type { Variable } from "statehall";
import { AGENTS, type AgentName, PACES, type Room, STATUSES, WANTS } from "./hall.ts";

function declareAgent(hall: Room, name: AgentName) {
  return {
    wanted: hall.variable(`agents/${name}/wanted`, {
      type: "choice",
      choices: WANTS,
      value: "running",
      description: "what people want of the agent",
    }),
    status: hall.variable(`agents/${name}/status`, {
      type: "choice",
      choices: STATUSES,
      value: "idle",
      description: "what the agent does",
    }),
    starts: hall.variable(`agents/${name}/starts`, {
      type: "integer",
      min: 0,
      value: 0,
      description: "how often the agent took up its work",
    }),
  };
}

export type AgentVariables = ReturnType<typeof declareAgent>;

export function declare(hall: Room) {
  return {
    pace: hall.variable("control/pace", {
      type: "choice",
      choices: PACES,
      value: "brisk",
      description: "how long agents pause between passages",
    }),
    agents: Object.fromEntries(AGENTS.map((name) => [name, declareAgent(hall, name)])) as Readonly<
      Record<AgentName, AgentVariables>
    >,
  };
}

export type Variables = ReturnType<typeof declare>;

/** What people are to know of the variables whose keys hold something else than declared; empty if all fit. */
export const misfits = (variables: readonly Pick<Variable, "key" | "value" | "violation">[]): string =>
  variables
    .flatMap(({ key, value, violation }) =>
      violation === undefined ? [] : [`${key} does not fit (${violation.detail}); shown as ${String(value)}`],
    )
    .join("\n");
