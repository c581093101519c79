/** The findings of the present text, growing, by agent; each shows its place in the text. */
import type { Finding } from "../agents/finding.ts";
import { documentIn, READERS, type ReaderName, type Room } from "../hall.ts";
import { TITLES } from "./agents.ts";
import type { Editor } from "./editor.ts";
import { arrange, byId, element, number, onFrame, plural, setText, unseen } from "./element.ts";

/** Findings of a group that are shown before one asks for all. */
const SHOWN = 12;
/** Characters of the text on either side of a finding. */
const AROUND = 42;

type Group = {
  readonly title: string;
  readonly has: (finding: Finding) => boolean;
};

const GROUPS: Readonly<Record<ReaderName, readonly Group[]>> = {
  phrases: [{ title: "", has: () => true }],
  figures: [
    { title: "Dates and times", has: ({ kind }) => kind === "date" || kind === "time" },
    { title: "Money", has: ({ kind }) => kind === "money" },
    { title: "Percentages", has: ({ kind }) => kind === "percentage" },
    { title: "Quantities", has: ({ kind }) => kind === "quantity" },
    { title: "Other numbers", has: ({ kind }) => kind === "number" },
  ],
  clarity: [
    { title: "Reading ease", has: ({ kind }) => kind === "readability" },
    { title: "Hedges", has: ({ kind }) => kind === "hedge" },
    { title: "Long sentences", has: ({ kind }) => kind === "long" },
  ],
};

export type Chosen = { choose(finding: Finding, button: HTMLElement): void };

/** Remembers which button was chosen last; choosing it again goes to its next place. */
export function chooser(hall: Room, editor: Editor): Chosen {
  let last: HTMLElement | undefined;
  let place = 0;
  const drop = (): void => {
    last?.removeAttribute("aria-current");
    last = undefined;
    editor.clear();
  };
  hall.watch("document/generation", drop);
  addEventListener("keydown", (event) => {
    if (event.key === "Escape") drop();
  });
  return {
    choose(finding, button) {
      place = last === button ? (place + 1) % Math.max(1, finding.where.length) : 0;
      last?.removeAttribute("aria-current");
      last = button;
      button.setAttribute("aria-current", "true");
      const turned = [...finding.where.slice(place), ...finding.where.slice(0, place)];
      const [first] = finding.where;
      const isPart = first !== undefined && (finding.at.start > first.start || finding.at.end < first.end);
      editor.show(turned, place === 0 && isPart ? finding.at : undefined);
    },
  };
}

export function findingsView(hall: Room, chosen: Chosen): void {
  const draws = READERS.map((agent) => section(hall, agent, chosen));
  const draw = onFrame(() => {
    for (const one of draws) one();
  });
  hall.watch("findings/**", draw, { initial: true });
  hall.watch("document/generation", draw);
  draw();
}

function section(hall: Room, agent: ReaderName, chosen: Chosen): () => void {
  const count = element("span", { class: "count" });
  const body = element("div");
  const titleId = `findings-${agent}`;
  byId("findings").append(
    element(
      "section",
      { class: `group ${agent}`, "aria-labelledby": titleId },
      element("h3", { id: titleId }, element("span", { class: "ink" }, TITLES[agent]), " ", count),
      body,
    ),
  );
  const rows = new Map<string, { readonly finding: Finding; readonly row: HTMLElement }>();
  const lists = GROUPS[agent].map((group) => {
    const list = element("ul", { class: agent === "phrases" ? "chips" : "rows" });
    const title = element("h4", {}, group.title);
    const more = element("button", { type: "button", class: "more" });
    const box = element("div", { class: "kind" }, group.title === "" ? undefined : title, list, more);
    let all = false;
    more.addEventListener("click", () => {
      all = !all;
      draw();
    });
    return { group, list, title, more, box, isOpen: () => all };
  });

  const draw = (): void => {
    const { text, generation } = documentIn(hall);
    const found = [...hall.toMap(`findings/${generation}/${agent}/*`)] as [string, Finding][];
    if (agent === "phrases") found.sort(([, a], [, b]) => b.weight - a.weight || a.at.start - b.at.start);
    else found.sort(([, a], [, b]) => a.at.start - b.at.start);
    setText(count, number(found.length));

    const alive = new Set(found.map(([key]) => key));
    for (const key of rows.keys()) if (!alive.has(key)) rows.delete(key);

    const boxes: Element[] = [];
    for (const { group, list, title, more, box, isOpen } of lists) {
      const mine = found.filter(([, finding]) => group.has(finding));
      if (mine.length === 0) continue;
      boxes.push(box);
      if (group.title !== "") setText(title, mine.length > 1 ? `${group.title} · ${number(mine.length)}` : group.title);
      // Phrases are short; all of them are shown.
      const most = agent === "phrases" ? mine.length : SHOWN;
      const shown = isOpen() ? mine : mine.slice(0, most);
      arrange(
        list,
        shown.map(([key, finding]) => rowOf(rows, key, finding, text, chosen)),
      );
      more.hidden = mine.length <= most;
      setText(more, isOpen() ? `Show the first ${SHOWN}` : `Show all ${number(mine.length)}`);
    }
    arrange(body, boxes.length > 0 ? boxes : [empty]);
  };
  const empty = element("p", { class: "none" }, "Nothing yet.");
  return draw;
}

function rowOf(
  rows: Map<string, { readonly finding: Finding; readonly row: HTMLElement }>,
  key: string,
  finding: Finding,
  text: string,
  chosen: Chosen,
): HTMLElement {
  const known = rows.get(key);
  // A value keeps its identity until it changes.
  if (known?.finding === finding) return known.row;
  const row = known?.row ?? element("li", { "data-key": key });
  const content = contentOf(finding, text);
  if (finding.where.length === 0) {
    row.replaceChildren(...content);
  } else {
    let button = row.querySelector("button");
    if (button === null) {
      button = element("button", { type: "button", class: "finding" });
      const made = button;
      button.addEventListener("click", () => {
        const now = rows.get(key)?.finding;
        if (now !== undefined) chosen.choose(now, made);
      });
      row.append(button);
    }
    button.replaceChildren(...content);
  }
  rows.set(key, { finding, row });
  return row;
}

function contentOf(finding: Finding, text: string): Node[] {
  const { kind, label, note, at } = finding;
  switch (kind) {
    case "phrase":
      return [
        element("span", { class: "label" }, label),
        element("span", { class: "times", "aria-hidden": "true" }, ` ${number(finding.count)}`),
        unseen(`, ${note}`),
      ];
    case "readability":
      return [element("p", { class: "ease" }, label), element("p", { class: "note" }, note)];
    case "long":
      return [element("span", { class: "label" }, label), element("span", { class: "context" }, ` ${finding.quote}`)];
    default: {
      const before = text
        .slice(Math.max(0, at.start - AROUND), at.start)
        .replace(/^\S*\s/, "")
        .replace(/\s+/g, " ");
      const after = text
        .slice(at.end, at.end + AROUND)
        .replace(/\s\S*$/, "")
        .replace(/\s+/g, " ");
      return [
        element("span", { class: "context" }, before === "" ? "" : `…${before}`),
        element("strong", { class: "label" }, label),
        element("span", { class: "context" }, after === "" ? "" : `${after}…`),
        ...(kind === "hedge" ? [element("span", { class: "tag" }, note)] : []),
      ];
    }
  }
}

export const countOf = (hall: Room, agent: ReaderName): string =>
  plural(hall.keys(`findings/${documentIn(hall).generation}/${agent}/*`).length, "finding");
