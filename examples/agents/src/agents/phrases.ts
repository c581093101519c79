/**
 * Key phrases: runs of words that carry a subject, counted as they are read and ranked by what repeats.
 *
 * Candidates are the stretches between stop words and punctuation (as in RAKE) and their parts of up to four words. A
 * candidate scores by how often it stands on its own, not inside a longer candidate that repeats too (the idea of
 * C-value), longer ones and names more. Before anything repeats, whole stretches of two words or more stand in.
 */
import { isStop, type Language, languageOf } from "../language.ts";
import { isUnspaced, type Passage, quote, type Range, type Word, wordsOf } from "../text.ts";
import { type Delta, type Finding, PLACES_MAX, type Reader } from "./finding.ts";

/** Phrases that are kept; the others wait until they earn a place. */
export const PHRASES_MAX = 24;
/** With so many phrases that repeat, those that do not are left out, but for names. */
const ENOUGH = 8;
const WORDS_MAX = 4;
const PHRASE_UNITS_MAX = 80;
const JOINS = /^(?:of|de|du|del|della|von|van)$/;

type Candidate = {
  readonly words: readonly string[];
  readonly at: Range;
  readonly where: Range[];
  readonly surfaces: Map<string, number>;
  /** Times seen, times seen as a whole stretch, times seen inside longer candidates that repeat. */
  count: number;
  whole: number;
  names: number;
};

export function phrasesReader(text: string): Reader {
  const language = languageOf(text);
  const candidates = new Map<string, Candidate>();
  const told = new Map<string, string>();
  return {
    read(passage: Passage): Delta {
      for (const sentence of passage.sentences) collect(text, sentence, language, candidates);
      const put = new Map<string, Finding>();
      const best = rank(candidates, language === "en");
      const top = best[0]?.score ?? 1;
      const ids = new Set<string>();
      for (const { id, candidate, score } of best) {
        ids.add(id);
        const finding = findingOf(text, candidate, score / top);
        const mark = `${finding.count} ${finding.weight} ${finding.label}`;
        if (told.get(id) === mark) continue;
        told.set(id, mark);
        put.set(id, finding);
      }
      const drop = [...told.keys()].filter((id) => !ids.has(id));
      for (const id of drop) told.delete(id);
      return { put, drop };
    },
  };
}

function collect(text: string, sentence: Range, language: Language, into: Map<string, Candidate>): void {
  let run: Word[] = [];
  let joint: Word | undefined;
  let previous = -1;
  const first = sentence.start;
  const close = (): void => {
    if (run.length > 0) count(text, sentence, first, run, language, into);
    run = [];
  };
  for (const word of wordsOf(text, sentence)) {
    const gap = previous < 0 ? "" : text.slice(previous, word.start);
    if (!/^[\s\-‐‑]*$/.test(gap)) close();
    previous = word.end;
    if (joint !== undefined) {
      if (/^\p{Lu}/u.test(word.text) && carries(word.text, language) && run.length > 0) run.push(joint);
      else close();
      joint = undefined;
    }
    if (carries(word.text, language)) run.push(word);
    // "Board of Guardians" is one name.
    else if (JOINS.test(word.text) && /^\p{Lu}/u.test(run.at(-1)?.text ?? "")) joint = word;
    else close();
  }
  close();
}

/** Whether a word can be part of a phrase. */
function carries(word: string, language: Language): boolean {
  if (/^\p{N}/u.test(word)) return false;
  if (isUnspaced(word)) return word.length > 1 && !/^\p{Script=Hiragana}+$/u.test(word);
  const lower = word.toLowerCase();
  return lower.length > 1 && !isStop(lower, language) && !isStop(stem(lower, language), language);
}

function count(
  text: string,
  sentence: Range,
  first: number,
  run: readonly Word[],
  language: Language,
  into: Map<string, Candidate>,
): void {
  const stems = run.map((word) => stem(word.text.toLowerCase(), language));
  for (let from = 0; from < run.length; from++) {
    for (let size = 1; size <= WORDS_MAX && from + size <= run.length; size++) {
      const start = run[from]?.start ?? 0;
      const end = run[from + size - 1]?.end ?? start;
      const words = stems.slice(from, from + size);
      if (JOINS.test(words[0] ?? "") || JOINS.test(words.at(-1) ?? "")) continue;
      const id = words.join(" ");
      if (id.length > PHRASE_UNITS_MAX) break;
      let candidate = into.get(id);
      if (candidate === undefined) {
        candidate = { words, at: { start, end }, where: [], surfaces: new Map(), count: 0, whole: 0, names: 0 };
        into.set(id, candidate);
      }
      candidate.count += 1;
      if (size === run.length) candidate.whole += 1;
      // A capital at the start of a sentence says nothing.
      if (start !== first && run.slice(from, from + size).every((word) => /^\p{Lu}/u.test(word.text)))
        candidate.names += 1;
      const surface = text.slice(start, end).replace(/\s+/g, " ");
      candidate.surfaces.set(surface, (candidate.surfaces.get(surface) ?? 0) + 1);
      if (candidate.where.length < PLACES_MAX && candidate.where.at(-1) !== sentence) candidate.where.push(sentence);
    }
  }
}

type Ranked = { readonly id: string; readonly candidate: Candidate; readonly score: number };

function rank(candidates: ReadonlyMap<string, Candidate>, english: boolean): Ranked[] {
  const inside = new Map<string, number>();
  for (const candidate of candidates.values()) {
    if (candidate.count < 2 || candidate.words.length < 2) continue;
    for (const part of [candidate.words.slice(1), candidate.words.slice(0, -1)]) {
      const id = part.join(" ");
      inside.set(id, (inside.get(id) ?? 0) + candidate.count);
    }
  }
  const once: Ranked[] = [];
  const repeats: Ranked[] = [];
  for (const [id, candidate] of candidates) {
    const size = candidate.words.length;
    const within = inside.get(id) ?? 0;
    // A word that mostly stands in longer candidates is told by them.
    const alone = size === 1 && within * 2 >= candidate.count ? 0 : candidate.count - within;
    if (english && /(?:ed|ly)$/.test(candidate.words.at(-1) ?? "")) continue;
    if (english && /[^e]ed$/.test(candidate.words[0] ?? "")) continue;
    if (english && size === 1 && id.endsWith("ing") && candidate.count < 4) continue;
    const name = candidate.names * 2 > candidate.count ? 1.35 : 1;
    // A single word that is no name must come back more than once.
    if (size === 1 && name === 1 && candidate.count < 3) continue;
    if (candidate.count > 1 && alone > 1) repeats.push({ id, candidate, score: Math.log2(size + 1) * alone * name });
    else if (candidate.whole > 0 && alone > 0 && size > 1) {
      once.push({ id, candidate, score: 0.4 * Math.log2(size + 1) * name });
    }
  }
  const order = (a: Ranked, b: Ranked): number => b.score - a.score || a.candidate.at.start - b.candidate.at.start;
  // What was said once only fills up what repetition leaves open, and then only names.
  const enough = repeats.length >= ENOUGH;
  const more = once.filter(({ candidate }) => !enough || candidate.names > 0).sort(order);
  return [...repeats.sort(order), ...more.slice(0, ENOUGH)].slice(0, PHRASES_MAX);
}

function findingOf(text: string, candidate: Candidate, weight: number): Finding {
  const [label = ""] = [...candidate.surfaces].reduce((best, next) => (next[1] > best[1] ? next : best), ["", 0]);
  const sentence = candidate.where[0] ?? candidate.at;
  return {
    kind: "phrase",
    label,
    note: candidate.count === 1 ? "once" : `${candidate.count} times`,
    where: candidate.where.map(({ start, end }) => ({ start, end })),
    at: candidate.at,
    quote: quote(text, sentence),
    weight: Math.round(weight * 100) / 100,
    count: candidate.count,
  };
}

/** Brings plural and possessive together with the plain word, in English only. */
function stem(word: string, language: Language): string {
  const plain = word.replace(/['’]s?$/, "").normalize("NFC");
  if (language !== "en" || plain.length < 4 || /(?:ss|us|is)$/.test(plain)) return plain;
  if (plain.endsWith("ies") && plain.length > 4) return `${plain.slice(0, -3)}y`;
  if (/(?:sh|ch|x|ss)es$/.test(plain)) return plain.slice(0, -2);
  return plain.endsWith("s") ? plain.slice(0, -1) : plain;
}
