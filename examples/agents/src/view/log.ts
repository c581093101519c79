/** Every change as this tab hears it: key, old, new, who and when. The newest is on top; the list is bounded. */
import type { Change } from "statehall";
import type { Keys, Room } from "../hall.ts";
import { byId, element, number, onFrame, setText } from "./element.ts";

/** Changes that are remembered, and rows that are drawn. */
const REMEMBERED = 1000;
const ROWS = 120;
/** Characters of a value that are shown. */
const VALUE_MAX = 90;

type Line = {
  readonly serial: number;
  readonly key: string;
  readonly old: string;
  readonly now: string;
  readonly who: string;
  readonly when: number;
  readonly initial: boolean;
};

const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
  hour12: false,
});

export function logView(hall: Room): void {
  const filter = byId<HTMLInputElement>("log-filter");
  const claims = byId<HTMLInputElement>("log-claims");
  const pause = byId<HTMLButtonElement>("log-pause");
  const rows = byId("log-rows");
  const lines: Line[] = [];
  let serial = 0;
  let frozen: number | undefined;

  // Renewed claims keep agents alive; they are changes too, but they would drown the others.
  const wants = ({ key }: Line): boolean =>
    key.startsWith(filter.value.trim()) && (claims.checked || !key.startsWith("runners/"));

  const draw = onFrame(() => {
    const last = frozen ?? serial;
    const wanted: Line[] = [];
    let matching = 0;
    for (let i = lines.length - 1; i >= 0; i--) {
      const line = lines[i] as Line;
      if (line.serial > last || !wants(line)) continue;
      matching += 1;
      if (wanted.length < ROWS) wanted.push(line);
    }
    show(rows, wanted);
    const held = serial - last;
    setText(
      byId("log-about"),
      `${number(serial)} changes heard · ${number(matching)} of the last ${number(lines.length)} match` +
        (frozen === undefined ? "" : ` · paused, ${number(held)} held back`),
    );
  });

  hall.watch(
    "**",
    (change) => {
      serial += 1;
      lines.push(lineOf(hall, change as Change<unknown>, serial));
      if (lines.length > REMEMBERED) lines.splice(0, lines.length - REMEMBERED);
      draw();
    },
    { initial: true },
  );
  filter.addEventListener("input", draw);
  claims.addEventListener("change", draw);
  pause.addEventListener("click", () => {
    frozen = frozen === undefined ? serial : undefined;
    pause.setAttribute("aria-pressed", String(frozen !== undefined));
    draw();
  });
  draw();
}

function lineOf(hall: Room, change: Change<unknown>, serial: number): Line {
  const { key, value, old, origin, initial, deleted } = change;
  return {
    serial,
    key,
    old: initial ? "" : old === undefined ? "absent" : brief(old),
    now: deleted ? "absent" : brief(value),
    who: origin,
    when: (deleted ? undefined : hall.entry(key as keyof Keys & string)?.updated) ?? Date.now(),
    initial,
  };
}

/** A value in one short line: what a known shape says, else its JSON. Only as much of it is looked at as is shown. */
function brief(value: unknown): string {
  if (typeof value === "string")
    return clip(JSON.stringify(value.length > VALUE_MAX ? value.slice(0, VALUE_MAX + 1) : value));
  if (typeof value !== "object" || value === null) return String(value);
  const { label, kind, count, done, total, found, headline, pending, tab, fence } = value as Readonly<
    Record<string, unknown>
  >;
  if (typeof label === "string")
    return clip(`${String(kind)} “${label}”${Number(count) > 1 && kind === "phrase" ? ` ×${String(count)}` : ""}`);
  if (typeof fence === "number") return clip(`${String(tab)}, fence ${fence}`);
  if (typeof total === "number") return `read ${String(done)} of ${total}, found ${String(found)}`;
  if (typeof headline === "string") return clip(`“${headline}” pending ${(pending as readonly unknown[]).length}`);
  let budget = 40;
  const seen = JSON.stringify(value, (_, part: unknown) => {
    if (--budget < 0) return undefined;
    if (typeof part === "bigint") return `${part}n`;
    return typeof part === "string" && part.length > 40 ? `${part.slice(0, 40)}…` : part;
  });
  return clip(seen ?? "");
}

const clip = (text: string): string => (text.length > VALUE_MAX ? `${text.slice(0, VALUE_MAX).toWellFormed()}…` : text);

const drawn = new WeakMap<Element, Line>();

/** Brings the rows in line with the lines: new rows on top, old ones off the end. */
function show(rows: HTMLElement, lines: readonly Line[]): void {
  const kept = new Map<number, Element>();
  for (const row of rows.children) {
    const line = drawn.get(row);
    if (line !== undefined) kept.set(line.serial, row);
  }
  const wanted = lines.map((line) => kept.get(line.serial) ?? rowOf(line));
  const stay = new Set<Element>(wanted);
  for (const row of [...rows.children]) if (!stay.has(row)) row.remove();
  let next = rows.firstElementChild;
  for (const row of wanted) {
    if (row === next) next = next.nextElementSibling;
    else rows.insertBefore(row, next);
  }
}

function rowOf(line: Line): HTMLElement {
  const cell = (name: string, text: string, extra = ""): HTMLElement =>
    element("td", { role: "cell", class: `${name}${extra}`, "data-name": name }, text);
  const agent = /^(?:phrases|figures|clarity|chair)$/.test(line.who) ? ` ${line.who}` : "";
  const row = element(
    "tr",
    { role: "row" },
    cell("key", line.key),
    cell("old", line.initial ? "as found" : line.old, line.initial || line.old === "absent" ? " absent" : ""),
    cell("new", line.now, line.now === "absent" ? " absent" : ""),
    element(
      "td",
      { role: "cell", class: `who${agent}`, "data-name": "who" },
      element("span", { class: "ink" }, line.who),
    ),
    cell("when", clock.format(line.when)),
  );
  drawn.set(row, line);
  return row;
}
