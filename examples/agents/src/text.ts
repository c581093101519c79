/**
 * Text as agents read it: passages (about a paragraph each) and sentences, all as ranges of the original text, so that
 * what an agent finds can be shown where it stands.
 */

/** A part of the text, in UTF-16 units; `end` is exclusive. */
export type Range = { readonly start: number; readonly end: number };
export type Passage = { readonly index: number; readonly sentences: readonly Range[] };

/** A passage is cut at a sentence's end when it grows past this. */
const PASSAGE_UNITS_MAX = 2_400;
/** A text of more passages than this is read in larger steps. */
const PASSAGES_MAX = 80;
/** A "sentence" without punctuation is cut into pieces of about this length. */
const SENTENCE_UNITS_MAX = 1_200;

const sentencer = new Intl.Segmenter("en", { granularity: "sentence" });

/** What ends with a full stop without ending a sentence. */
const ABBREVIATION =
  /(?:^|[\s([“‘"'])(?:Mr|Mrs|Ms|Dr|Prof|Rev|Hon|Sr|Jr|St|Mt|Ft|Gen|Col|Capt|Lt|Sgt|Gov|Sen|Rep|No|Nos|Vol|vol|Ch|ch|Fig|fig|figs|p|pp|cf|vs|viz|etc|al|e\.g|i\.e|Inc|Ltd|Co|Corp|approx|ca|c|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec|\p{Lu}|(?:\p{Lu}\.)+\p{Lu})\.\s*$/u;

/** "3. Oktober": a day and its month, as they are written in German and elsewhere. */
const DAY = /(?:^|\s)\d{1,2}\.\s*$/;
const MONTH = /^(?:Jan|Feb|Mär|Mar|Apr|Mai|Jun|Jul|Aug|Sep|Okt|Nov|Dez|Des)\p{Ll}/u;

/** Splits a text into passages. The same text always gives the same passages. */
export function passagesOf(text: string): Passage[] {
  const paragraphs = blocksOf(text)
    .map((block) => sentencesOf(text, block))
    .filter((found) => found.length > 0);
  const cut: Range[][] = [];
  for (const sentences of paragraphs) {
    let part: Range[] = [];
    for (const sentence of sentences) {
      const first = part[0];
      if (first !== undefined && sentence.end - first.start > PASSAGE_UNITS_MAX) {
        cut.push(part);
        part = [];
      }
      part.push(sentence);
    }
    cut.push(part);
  }
  const step = Math.max(1, Math.ceil(cut.length / PASSAGES_MAX));
  const passages: Passage[] = [];
  for (let i = 0; i < cut.length; i += step) {
    passages.push({ index: passages.length, sentences: cut.slice(i, i + step).flat() });
  }
  return passages;
}

/** Paragraphs: parted by blank lines, by list items, and by line ends that no wrapping would explain. */
function blocksOf(text: string): Range[] {
  const blocks: Range[] = [];
  let start = -1;
  let last = 0;
  let lineStart = 0;
  const close = (end: number): void => {
    if (start >= 0) blocks.push({ start, end });
    start = -1;
  };
  for (const line of text.split("\n")) {
    const lineEnd = lineStart + line.length;
    if (line.trim() === "") {
      close(last);
    } else {
      // A wrapped line is about as long as its neighbours; a short one ends its paragraph, a very long one is one.
      const previous = lineStart - 1 - lastLineStart(text, lineStart);
      const wrapped = previous >= 45 && previous <= 110;
      if (start >= 0 && (!wrapped || /^\s*(?:[-*•–—]|\d{1,3}[.)])\s/.test(line))) close(last);
      if (start < 0) start = lineStart;
      last = lineEnd;
    }
    lineStart = lineEnd + 1;
  }
  close(last);
  return blocks;
}

const lastLineStart = (text: string, lineStart: number): number =>
  lineStart < 2 ? 0 : text.lastIndexOf("\n", lineStart - 2) + 1;

/** The sentences of a paragraph, without the white space around them. */
export function sentencesOf(text: string, block: Range): Range[] {
  // A line end inside a paragraph is only wrapping; as a space of the same length it moves nothing.
  const body = text.slice(block.start, block.end).replaceAll("\n", " ");
  const sentences: Range[] = [];
  let held = 0;
  let ended = true;
  for (const { index, segment } of sentencer.segment(body)) {
    if (ended) held = index;
    const end = index + segment.length;
    const tail = body.slice(Math.max(held, end - 12), end);
    const goesOn = ABBREVIATION.test(tail) || (DAY.test(tail) && MONTH.test(body.slice(end, end + 4)));
    ended = !goesOn || end === body.length;
    if (ended) cut(body, held, end, (from, to) => sentences.push({ start: block.start + from, end: block.start + to }));
  }
  return sentences;
}

/** Trims a sentence and parts it at white space where it is beyond all measure. */
function cut(body: string, from: number, to: number, found: (from: number, to: number) => void): void {
  let start = from;
  while (start < to) {
    let end = to;
    if (to - start > SENTENCE_UNITS_MAX) {
      const space = body.lastIndexOf(" ", start + SENTENCE_UNITS_MAX);
      end = space > start ? space : start + SENTENCE_UNITS_MAX;
      // Not between the halves of a surrogate pair.
      if (/[\uDC00-\uDFFF]/.test(body.charAt(end))) end += 1;
    }
    const piece = body.slice(start, end);
    const lead = piece.length - piece.trimStart().length;
    const length = piece.trim().length;
    if (/[\p{L}\p{N}]/u.test(piece)) found(start + lead, start + lead + length);
    start = end;
  }
}

/** One line of a range, for quoting. */
export function quote(text: string, range: Range, max = 190): string {
  const line = text.slice(range.start, Math.min(range.end, range.start + max + 1)).replace(/\s+/g, " ");
  if (range.end - range.start <= max) return line;
  const short = line
    .slice(0, max)
    .toWellFormed()
    .replace(/\uFFFD$/, "");
  return `${short.slice(0, Math.max(short.lastIndexOf(" "), max / 2)).replace(/[\s,;:.\-–—]+$/, "")}…`;
}

/** What may be kept of pasted text: well-formed, one kind of line end, no longer than the limit. */
export function tidy(raw: string, max: number): string {
  const text = raw.replace(/\r\n?/g, "\n").toWellFormed();
  if (text.length <= max) return text;
  const end = /[\uDC00-\uDFFF]/.test(text.charAt(max)) ? max - 1 : max;
  return text.slice(0, end);
}

export type Word = Range & { readonly text: string };

/** Scripts that are written without spaces, whose words need a dictionary. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const WORD = /[\p{L}\p{N}][\p{L}\p{M}\p{N}]*(?:['’][\p{L}\p{M}]+)*/gu;
const worder = new Intl.Segmenter("und", { granularity: "word" });

/** The words of a range. Hyphens part words; apostrophes do not. */
export function wordsOf(text: string, range: Range): Word[] {
  const body = text.slice(range.start, range.end);
  const words: Word[] = [];
  if (UNSPACED.test(body)) {
    for (const { index, segment, isWordLike } of worder.segment(body)) {
      if (isWordLike !== true) continue;
      words.push({ start: range.start + index, end: range.start + index + segment.length, text: segment });
    }
    return words;
  }
  for (const match of body.matchAll(WORD)) {
    words.push({ start: range.start + match.index, end: range.start + match.index + match[0].length, text: match[0] });
  }
  return words;
}

/** Whether a word is of a script that is written without spaces. */
export const isUnspaced = (word: string): boolean => UNSPACED.test(word);
