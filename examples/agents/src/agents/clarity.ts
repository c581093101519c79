/**
 * Clarity: how hard the text is to read, its long sentences, and the words with which it hedges.
 *
 * Reading ease is Flesch's formula with the coefficients of the language; it says nothing about other languages and is
 * left out for them. Syllables are counted as groups of vowels, which is right about nine times in ten.
 */
import { type Language, languageOf } from "../language.ts";
import { type Passage, quote, type Range, wordsOf } from "../text.ts";
import { type Delta, FINDINGS_MAX, type Finding, placeId, type Reader } from "./finding.ts";

/** More words than this make a sentence long, or very long. */
export const LONG = 30;
export const VERY_LONG = 45;

/** Flesch's formula: base − perSentence × words a sentence − perWord × syllables a word. */
const FORMULA: Partial<
  Record<Language, { readonly name: string; readonly base: number; readonly sentence: number; readonly word: number }>
> = {
  en: { name: "Flesch", base: 206.835, sentence: 1.015, word: 84.6 },
  de: { name: "Flesch, after Amstad", base: 180, sentence: 1, word: 58.5 },
  fr: { name: "Flesch, after Kandel and Moles", base: 207, sentence: 1.015, word: 73.6 },
  es: { name: "Flesch, after Fernández Huerta", base: 206.84, sentence: 1.02, word: 60 },
};

type Hedge = { readonly note: string; readonly find: RegExp };

const words = (note: string, list: string): Hedge => ({
  note,
  find: new RegExp(`(?<![\\p{L}’'])(?:${list})(?![\\p{L}’'])`, "giu"),
});
const AMOUNT = String.raw`(?=\s+(?:\p{Sc}|\p{N}|a\s+(?:dozen|hundred|third|quarter)|half|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\p{L}+teen|\p{L}+ty|all|every))`;

const HEDGES: Partial<Record<Language, readonly Hedge[]>> = {
  en: [
    words(
      "doubt",
      "probabl[ey]|possibl[ey]|perhaps|maybe|presumably|apparently|seemingly|supposedly|conceivably|arguably|likely|unlikely|it\\s+is\\s+(?:thought|possible|conceivable)|uncertain(?:ly)?|doubtful|not\\s+(?:certain|sure|clear)|hesitat(?:e|ed|es|ing)|suspect(?:s|ed)?|suppos(?:e|es|ed)",
    ),
    words(
      "doubt",
      "seem(?:s|ed|ing)?(?:\\s+to)?|appear(?:s|ed)?\\s+(?:to|that|as)|would\\s+(?:appear|seem)|suggest(?:s|ed|ing)?(?:\\s+that)?|tend(?:s|ed)?\\s+to|(?:may|might|could)(?:\\s+(?:well|also|not|perhaps|possibly))?\\s+(?:be|have|well|not)",
    ),
    words(
      "doubt",
      "might|(?<!\\b(?:in|of|since|by|until|early|late|mid|last|next|this|every|\\d{1,2}(?:st|nd|rd|th)?)\\s)may(?!\\s+(?:\\d|the\\s+\\d))",
    ),
    words(
      "opinion",
      "I\\s+(?:believe|think|suppose|consider(?:ed)?|suspect(?:ed)?|assume|guess)|in\\s+(?:my|our)\\s+(?:opinion|view)|we\\s+(?:believe|think|suspect)|(?:he|she|they)\\s+(?:believes?|thinks?|think)|(?:believes?|believed|thinks?|thought)\\s+(?:that|it|they|he|she)|to\\s+my\\s+mind|as\\s+far\\s+as\\s+(?:I|we)\\s+\\p{L}+",
    ),
    words(
      "hearsay",
      "reportedly|allegedly|it\\s+is\\s+said|is\\s+said\\s+to|according\\s+to|rumou?red|(?:was|were|been|am)\\s+(?:told|informed)|informed\\s+me",
    ),
    words(
      "approximation",
      `(?:about|around|roughly|approximately|nearly|almost|some|upwards\\s+of|more\\s+than|less\\s+than|fewer\\s+than|at\\s+least|at\\s+most|up\\s+to|above|over|rather\\s+more\\s+than)${AMOUNT}|more\\s+or\\s+less|or\\s+so|or\\s+thereabouts|circa`,
    ),
    words(
      "limit",
      "generally|usually|often|sometimes|largely|mostly|mainly|partly|somewhat|to\\s+some\\s+extent|in\\s+general|in\\s+most\\s+cases|as\\s+a\\s+rule|relatively|comparatively|practically|virtually",
    ),
  ],
  de: [
    words(
      "Zweifel",
      "wahrscheinlich|vielleicht|vermutlich|möglicherweise|eventuell|wohl|scheint|scheinen|offenbar|anscheinend|womöglich|könnten?|dürften?|angeblich",
    ),
    words("Näherung", "etwa|ungefähr|rund|circa|ca\\.|fast|beinahe|mindestens|höchstens"),
  ],
  fr: [
    words(
      "doute",
      "peut-être|probablement|sans\\s+doute|semble(?:nt)?|paraît|apparemment|possible(?:ment)?|pourrai(?:t|ent)|vraisemblablement",
    ),
    words("approximation", "environ|à\\s+peu\\s+près|presque|près\\s+de|au\\s+moins|quelque"),
  ],
  es: [
    words(
      "duda",
      "quizás?|tal\\s+vez|probablemente|posiblemente|parece(?:n)?|acaso|aparentemente|podrían?|supuestamente",
    ),
    words("aproximación", "aproximadamente|alrededor\\s+de|casi|cerca\\s+de|unos|unas|al\\s+menos"),
  ],
};

export function clarityReader(text: string): Reader {
  const language = languageOf(text);
  const tally: Tally = { sentences: 0, words: 0, syllables: 0, long: 0, longest: 0, hedges: 0 };
  let kept = 0;
  return {
    read(passage: Passage): Delta {
      const put = new Map<string, Finding>();
      const keep = (id: string, finding: Finding): void => {
        if (kept >= FINDINGS_MAX) return;
        kept += 1;
        put.set(id, finding);
      };
      for (const sentence of passage.sentences) {
        const length = measure(text, sentence, language, tally);
        if (length > LONG) {
          tally.long += 1;
          keep(placeId("long-", sentence.start), longFinding(text, sentence, length));
        }
        for (const hedge of hedgesOf(text, sentence, language)) {
          tally.hedges += 1;
          keep(placeId("hedge-", hedge.at.start), hedge);
        }
      }
      if (tally.words > 0) put.set("readability", summary(tally, language));
      return { put, drop: [] };
    },
  };
}

type Tally = { sentences: number; words: number; syllables: number; long: number; longest: number; hedges: number };

function measure(text: string, sentence: Range, language: Language, tally: Tally): number {
  const found = wordsOf(text, sentence);
  tally.sentences += 1;
  tally.words += found.length;
  tally.longest = Math.max(tally.longest, found.length);
  if (FORMULA[language] !== undefined) for (const word of found) tally.syllables += syllablesOf(word.text, language);
  return found.length;
}

/** Syllables of a word, at least one. */
export function syllablesOf(word: string, language: Language): number {
  let plain = word.toLowerCase();
  if (/^\p{N}/u.test(plain)) return Math.min(4, plain.length);
  if (language === "en" && plain.length > 3) {
    plain = plain.replace(/(?:[^laeiouysxzcgh]es|[^td]ed|[^l]e)$/, (end) => end.charAt(0)).replace(/^y/, "");
  }
  if (language === "fr") plain = plain.replace(/(?:e|es|ent)$/, "");
  const groups = plain.match(/[aeiouyáéíóúàèìòùâêîôûäëïöüœæ]+/g) ?? [];
  // Two vowels that are spoken apart, as in "create", "violent", "previous".
  const apart =
    language === "en"
      ? (plain.match(/(?:ia(?!l\b)|io(?!n|us)|eo(?!us|p)|rea\b|iu|ua(?!r)|eat(?=e|i|o)|ien(?!d))/g) ?? []).length
      : 0;
  return Math.max(1, groups.length + (plain.length > 4 ? apart : 0));
}

/** The hedges of one sentence, in order, none inside another. */
export function hedgesOf(text: string, sentence: Range, language: Language): Finding[] {
  const body = text.slice(sentence.start, sentence.end).replace(/\s/g, " ");
  const found: Finding[] = [];
  for (const { note, find } of HEDGES[language] ?? []) {
    for (const match of body.matchAll(find)) {
      const at = { start: sentence.start + match.index, end: sentence.start + match.index + match[0].length };
      if (match[0] === "May" && at.start !== sentence.start) continue;
      if (found.some((other) => at.start < other.at.end && other.at.start < at.end)) continue;
      found.push({
        kind: "hedge",
        label: match[0].replace(/\s+/g, " "),
        note,
        where: [{ start: sentence.start, end: sentence.end }],
        at,
        quote: quote(text, sentence),
        weight: 0.5,
        count: 1,
      });
    }
  }
  return found.sort((a, b) => a.at.start - b.at.start);
}

function longFinding(text: string, sentence: Range, length: number): Finding {
  return {
    kind: "long",
    label: `${length} words`,
    note: length > VERY_LONG ? "very long sentence" : "long sentence",
    where: [{ start: sentence.start, end: sentence.end }],
    at: { start: sentence.start, end: sentence.end },
    quote: quote(text, sentence),
    weight: Math.round(Math.min(1, length / 80) * 100) / 100,
    count: 1,
  };
}

/** Reading ease of a text with these averages, and its name for people. */
export function easeOf(
  wordsASentence: number,
  syllablesAWord: number,
  language: Language,
): { score: number; name: string } | undefined {
  const formula = FORMULA[language];
  if (formula === undefined) return undefined;
  const score = Math.round(formula.base - formula.sentence * wordsASentence - formula.word * syllablesAWord);
  const name =
    score >= 80
      ? "easy"
      : score >= 70
        ? "fairly easy"
        : score >= 60
          ? "plain"
          : score >= 50
            ? "fairly hard"
            : score >= 30
              ? "hard"
              : "very hard";
  return { score: Math.max(0, Math.min(121, score)), name };
}

function summary(tally: Tally, language: Language): Finding {
  const average = tally.words / tally.sentences;
  const ease = easeOf(average, tally.syllables / tally.words, language);
  const hedges =
    HEDGES[language] === undefined
      ? "hedges not judged in this language"
      : `${tally.hedges} ${tally.hedges === 1 ? "hedge" : "hedges"}`;
  return {
    kind: "readability",
    label: ease === undefined ? `${average.toFixed(0)} words a sentence` : `reading ease ${ease.score} (${ease.name})`,
    note: [
      `${average.toFixed(1)} words a sentence`,
      `longest ${tally.longest}`,
      `${tally.long} of ${tally.sentences} long`,
      hedges,
      ...(ease === undefined ? ["reading ease not scored in this language"] : [FORMULA[language]?.name ?? ""]),
    ].join(" · "),
    where: [],
    at: { start: 0, end: 0 },
    quote: "",
    weight: 1,
    count: tally.words,
  };
}
