/** The chair's brief, as it stands in the hall. */
import type { Brief, Point } from "../agents/chair.ts";
import type { Finding } from "../agents/finding.ts";
import { fenceOf } from "../chair.ts";
import { documentIn, type Room } from "../hall.ts";
import { TITLES } from "./agents.ts";
import { arrange, byId, element, onFrame, plural, setText } from "./element.ts";
import type { Chosen } from "./findings.ts";

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

export function briefView(hall: Room, chosen: Chosen): void {
  const headline = element("p", { class: "headline" });
  const pending = element("ul", { class: "pending" });
  const points = list("Where agents agree");
  const cautions = list("Figures with a hedge beside them");
  const none = element("p", { class: "none" });
  const kept = new Map<string, HTMLElement>();

  const draw = onFrame(() => {
    const { text, generation } = documentIn(hall);
    const entry = hall.entry(`brief/${generation}`);
    const brief = entry?.value as Brief | undefined;
    setText(
      byId("brief-when"),
      entry === undefined
        ? ""
        : `${String(entry.metadata?.["tab"] ?? entry.origin)}, fence ${fenceOf(entry.metadata)}, ${clock.format(entry.updated)}`,
    );
    if (brief === undefined) {
      setText(
        none,
        text.trim() === "" ? "Nothing to read yet. Type or paste a text." : "The chair has not spoken yet.",
      );
      arrange(byId("brief"), [none]);
      return;
    }
    const used = new Set<string>();
    const items = (kind: string, of: readonly Point[]): HTMLElement[] =>
      of.map((point) => {
        const key = `${kind} ${generation} ${point.where.start}`;
        used.add(key);
        const item = kept.get(key) ?? pointItem();
        kept.set(key, item);
        fill(item, point, chosen);
        return item;
      });
    setText(headline, brief.headline);
    setText(
      points.title,
      brief.agreed.three > 0
        ? `Where agents agree · ${plural(brief.agreed.two, "sentence")} by two, ${brief.agreed.three} by all three`
        : `Where agents agree · ${plural(brief.agreed.two, "sentence")} by two`,
    );
    arrange(points.list, items("point", brief.points));
    arrange(cautions.list, items("caution", brief.cautions));
    for (const key of kept.keys()) if (!used.has(key)) kept.delete(key);
    setText(pending, "");
    pending.append(...brief.pending.map(({ agent, state }) => element("li", {}, `${TITLES[agent]}: ${state}`)));
    arrange(byId("brief"), [
      headline,
      ...(brief.pending.length > 0 ? [pendingBox] : []),
      ...(brief.points.length > 0 ? [points.box] : []),
      ...(brief.cautions.length > 0 ? [cautions.box] : []),
    ]);
  });
  const pendingBox = element("div", { class: "waiting" }, element("h3", {}, "Still to come"), pending);
  hall.watch("brief/*", draw, { initial: true });
  hall.watch("document/generation", draw);
  draw();
}

function list(text: string): { box: HTMLElement; title: HTMLElement; list: HTMLElement } {
  const title = element("h3", {}, text);
  const items = element("ol", { class: "points" });
  return { box: element("div", {}, title, items), title, list: items };
}

function pointItem(): HTMLElement {
  return element("li", {}, element("button", { type: "button", class: "finding" }));
}

const shown = new WeakMap<HTMLElement, Point>();

function fill(item: HTMLElement, point: Point, chosen: Chosen): void {
  const button = item.firstElementChild as HTMLButtonElement;
  if (shown.get(button) === point) return;
  shown.set(button, point);
  const reasons = element("span", { class: "reasons" });
  point.agents.forEach((agent, i) => {
    reasons.append(
      element(
        "span",
        { class: `reason ${agent}` },
        element("span", { class: "ink" }, TITLES[agent]),
        ` ${point.reasons[i] ?? ""}`,
      ),
    );
  });
  button.replaceChildren(element("q", {}, point.quote), reasons);
  const place: Finding = {
    kind: "quantity",
    label: "",
    note: "",
    where: [point.where],
    at: point.where,
    quote: point.quote,
    weight: 0,
    count: 1,
  };
  button.onclick = () => chosen.choose(place, button);
}
