/** Who is in the hall: this tab, other tabs, and the workers of all of them. */
import type { Session } from "statehall";
import { AGENTS, CLAIM_TTL, type Room } from "../hall.ts";
import { arrange, byId, element, number, plural, setText } from "./element.ts";

/** Presence is heard, not stored, so it is looked at again every second. */
const EVERY = 1000;

export function sessionsView(hall: Room): void {
  const items = new Map<string, Readonly<Record<"item" | "name" | "kind" | "seen", HTMLElement>>>();
  const draw = (): void => {
    const sessions = hall.sessions();
    const silent = sessions.filter((session) => isSilent(session)).length;
    const workers = sessions.filter((session) => isWorker(session.agent) && !isSilent(session)).length;
    const { entries } = hall.usage();
    setText(
      byId("totals"),
      `${plural(sessions.length - workers - silent, "tab")}, ${plural(workers, "worker")} · ${plural(entries, "entry", "entries")} · revision ${number(hall.revision)}`,
    );
    const sorted = [...sessions].sort(
      (a, b) => rank(a) - rank(b) || a.agent.localeCompare(b.agent) || a.id.localeCompare(b.id),
    );
    const presiding = hall.get("chair/holder")?.session;
    const ids = new Set(sorted.map(({ id }) => id));
    for (const id of items.keys()) if (!ids.has(id)) items.delete(id);
    arrange(
      byId("sessions"),
      sorted.map((session) => {
        let known = items.get(session.id);
        if (known === undefined) {
          const [name, kind, seen] = [
            element("strong", { class: "ink" }),
            element("span", { class: "kind" }),
            element("span", { class: "seen" }),
          ];
          known = { item: element("li", {}, name, kind, element("code", {}, session.id), seen), name, kind, seen };
          items.set(session.id, known);
        }
        // A session is heard of before it has said who opened it.
        known.item.className = isWorker(session.agent) ? session.agent : "tab";
        setText(known.name, session.agent || "unnamed");
        setText(known.kind, kindOf(session, presiding));
        const ago = Math.max(0, Math.round((Date.now() - session.seen) / 1000));
        const gone = isSilent(session);
        known.item.classList.toggle("silent", gone);
        setText(
          known.seen,
          gone ? `silent for ${number(ago)} s` : session.self || ago < 3 ? "now" : `${number(ago)} s ago`,
        );
        return known.item;
      }),
    );
  };
  setInterval(draw, EVERY);
  hall.watch("runners/*", draw);
  hall.watch("chair/**", draw);
  draw();
}

const kindOf = ({ id, self, agent }: Session, presiding: string | undefined): string => {
  if (agent === "chair") return id === presiding ? "worker, has the chair" : "worker, in line";
  return self ? "this tab" : isWorker(agent) ? "worker" : agent === "" ? "" : "another tab";
};
const isWorker = (agent: string): boolean => (AGENTS as readonly string[]).includes(agent);
/**
 * Whether a session that is expected to speak has not been heard for too long. Workers speak every second or two; one
 * that went with its tab could not say goodbye, and is listed for a while. Tabs may well be quiet.
 */
const isSilent = ({ agent, seen, self }: Session): boolean =>
  !self && (isWorker(agent) || agent === "") && Date.now() - seen > CLAIM_TTL;
const rank = (session: Session): number => (session.self ? 0 : isSilent(session) ? 3 : isWorker(session.agent) ? 2 : 1);
