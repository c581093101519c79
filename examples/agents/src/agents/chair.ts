/**
 * The chair reads no text. It watches what the others put into the hall and keeps a brief of it: what the text is about,
 * the sentences on which several agents agree, figures that are hedged, and what is still to come.
 */
import type { Progress, ReaderName, Status } from "../hall.ts";
import type { Range } from "../text.ts";
import type { Finding } from "./finding.ts";

export type Point = {
  readonly where: Range;
  readonly quote: string;
  /** Who noticed this sentence. */
  readonly agents: readonly ReaderName[];
  /** What they noticed, in short. */
  readonly reasons: readonly string[];
};

export type Pending = { readonly agent: ReaderName; readonly state: string };

export type Brief = {
  readonly headline: string;
  readonly counts: Readonly<Record<ReaderName, number>>;
  /** Sentences that at least two agents noticed, best first. */
  readonly points: readonly Point[];
  /** How many sentences two agents noticed, and how many all three did. */
  readonly agreed: { readonly two: number; readonly three: number };
  /** Figures with a hedge beside them. */
  readonly cautions: readonly Point[];
  readonly pending: readonly Pending[];
};

/** What the hall says of one reader. */
export type Report = {
  readonly agent: ReaderName;
  readonly status: Status | undefined;
  readonly progress: Progress | undefined;
  readonly findings: readonly Finding[];
};

const POINTS_MAX = 6;
const CAUTIONS_MAX = 5;
/** Characters between a hedge and a figure that it may be about. */
const NEAR = 60;

type Sentence = { readonly where: Range; readonly quote: string; readonly by: Map<ReaderName, Finding[]> };

export function briefOf(reports: readonly Report[]): Brief {
  const sentences = new Map<number, Sentence>();
  for (const { agent, findings } of reports) {
    for (const finding of findings) {
      finding.where.forEach((where, i) => {
        let sentence = sentences.get(where.start);
        if (sentence === undefined) {
          sentence = { where, quote: i === 0 ? finding.quote : "", by: new Map() };
          sentences.set(where.start, sentence);
        } else if (sentence.quote === "" && i === 0) {
          sentence = { ...sentence, quote: finding.quote };
          sentences.set(where.start, sentence);
        }
        const list = sentence.by.get(agent);
        if (list === undefined) sentence.by.set(agent, [finding]);
        else list.push(finding);
      });
    }
  }
  const agreed = [...sentences.values()].filter(({ by }) => by.size > 1);
  const points = agreed
    .filter(({ quote }) => quote !== "")
    .map((sentence) => ({ sentence, score: scoreOf(sentence) }))
    .sort((a, b) => b.score - a.score || a.sentence.where.start - b.sentence.where.start)
    .slice(0, POINTS_MAX)
    .map(({ sentence }) => pointOf(sentence));
  const count = (agent: ReaderName): number => reports.find((report) => report.agent === agent)?.findings.length ?? 0;
  return {
    headline: headlineOf(reports),
    counts: { phrases: count("phrases"), figures: count("figures"), clarity: count("clarity") },
    points,
    agreed: {
      two: agreed.filter(({ by }) => by.size === 2).length,
      three: agreed.filter(({ by }) => by.size > 2).length,
    },
    cautions: cautionsOf(sentences.values()),
    pending: reports.flatMap(pendingOf),
  };
}

/** Sentences matter by what was noticed in them, and more when several agents did. */
function scoreOf({ by }: Sentence): number {
  let score = 0;
  for (const [agent, findings] of by) {
    const weights = findings.map(({ weight }) => weight).sort((a, b) => b - a);
    const most = weights.slice(0, 3).reduce((sum, weight, i) => sum + weight / (i + 1), 0);
    score += agent === "clarity" ? Math.min(0.6, most / 2) : most;
  }
  return score * by.size;
}

function pointOf({ where, quote, by }: Sentence): Point {
  const reasons: string[] = [];
  for (const findings of by.values()) {
    const labels = [
      ...new Set(findings.map((finding) => (finding.kind === "hedge" ? `“${finding.label}”` : finding.label))),
    ];
    reasons.push(labels.slice(0, 3).join(", ") + (labels.length > 3 ? ` +${labels.length - 3}` : ""));
  }
  return { where, quote, agents: [...by.keys()], reasons };
}

function cautionsOf(sentences: Iterable<Sentence>): Point[] {
  const cautions: (Point & { readonly distance: number })[] = [];
  for (const { where, quote, by } of sentences) {
    const hedges = (by.get("clarity") ?? []).filter(({ kind }) => kind === "hedge");
    let best: { distance: number; hedge: Finding; figure: Finding } | undefined;
    for (const figure of by.get("figures") ?? []) {
      for (const hedge of hedges) {
        const distance = Math.max(figure.at.start - hedge.at.end, hedge.at.start - figure.at.end, 0);
        if (distance <= NEAR && (best === undefined || distance < best.distance)) best = { distance, hedge, figure };
      }
    }
    if (best === undefined || quote === "") continue;
    const reasons = [`“${best.hedge.label}”`, best.figure.label];
    cautions.push({ where, quote, agents: ["figures", "clarity"], reasons, distance: best.distance });
  }
  return cautions
    .sort((a, b) => a.distance - b.distance || a.where.start - b.where.start)
    .slice(0, CAUTIONS_MAX)
    .map(({ distance: _, ...point }) => point);
}

function headlineOf(reports: readonly Report[]): string {
  const of = (agent: ReaderName): readonly Finding[] =>
    reports.find((report) => report.agent === agent)?.findings ?? [];
  const about = [...of("phrases")]
    .sort((a, b) => b.weight - a.weight || b.count - a.count)
    .slice(0, 3)
    .map(({ label }) => label);
  const reading = of("clarity").find(({ kind }) => kind === "readability");
  const figures = of("figures").length;
  const parts: string[] = [];
  if (about.length > 0) parts.push(`About ${series(about)}.`);
  if (figures > 0) parts.push(`${figures} ${figures === 1 ? "figure" : "figures"}.`);
  if (reading !== undefined) parts.push(`${reading.label.charAt(0).toUpperCase()}${reading.label.slice(1)}.`);
  return parts.join(" ");
}

const series = (items: readonly string[]): string =>
  items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;

function pendingOf({ agent, status, progress }: Report): Pending[] {
  if (status === "done") return [];
  const read =
    progress === undefined || progress.total === 0 ? "" : `, ${progress.done} of ${progress.total} passages read`;
  return [{ agent, state: `${status ?? "not started"}${read}` }];
}
