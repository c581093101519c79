/**
 * Figures: dates, times, money, percentages, quantities and numbers, in digits and in English words, each with the
 * sentence that it stands in.
 *
 * Each pattern proposes spans of a sentence; of overlapping spans the one from the more telling kind stays, so that the
 * 31 of "31st August" is a date and nothing else.
 */
import { type Passage, quote, type Range } from "../text.ts";
import { type Delta, FINDINGS_MAX, type Finding, type Kind, placeId, type Reader } from "./finding.ts";

type Span = { readonly kind: Kind; readonly start: number; readonly end: number; readonly note: string };

// Digits of any script that groups them as Latin does.
const BEFORE = String.raw`(?<![\p{L}\p{Nd}.,:/]|\p{L}[-‐])`;
const AFTER = String.raw`(?!\p{Nd}|[.:/]\p{Nd})`;
const N = String.raw`${BEFORE}(?:\p{Nd}{1,3}(?:[,'’٬\u00A0\u202F]\p{Nd}{3})+(?:[.٫]\p{Nd}+)?|\p{Nd}+[/⁄]\p{Nd}+|\p{Nd}+(?:[.,٫]\p{Nd}+)?)${AFTER}`;
const FRACTION = "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞";
const NUMBER = `(?:${N}|[${FRACTION}])[${FRACTION}]?`;

const SMALL = "one|two|three|four|five|six|seven|eight|nine";
const TEENS = "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen";
const TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety";
const SCALE = "hundred|thousand|million|billion|trillion|dozen|score";
const UNIT_WORD = `(?:(?:${TENS})(?:[\\s-](?:${SMALL}))?|${TEENS}|${SMALL})`;
const WORDED = `(?:half\\s+a\\s+(?:dozen|million|billion)|(?:an?|${UNIT_WORD}|several)\\s+(?:${SCALE})s?(?:(?:\\s+and)?\\s+${UNIT_WORD}(?:\\s+(?:${SCALE})s?)?){0,6}|${UNIT_WORD})`;
const PART = `(?:(?:${SMALL})[\\s-](?:half|thirds?|quarters?|fourths?|fifths?|sixths?|sevenths?|eighths?|ninths?|tenths?|hundredths?))`;
const QUANTITY = `(?:${NUMBER}|\\b${PART}\\b|\\b${WORDED}\\b)`;

/** Month and weekday names of several languages, from the platform. */
const names = (options: Intl.DateTimeFormatOptions, count: number): string => {
  const found = new Set<string>();
  for (const locale of ["en", "de", "fr", "es", "it", "pt", "nl"]) {
    const format = new Intl.DateTimeFormat(locale, { ...options, timeZone: "UTC" });
    for (let i = 0; i < count; i++) {
      const name = format.format(
        Date.UTC(2023, options.month === undefined ? 0 : i, options.month === undefined ? i + 1 : 1),
      );
      if (/^\p{L}{3,}$/u.test(name)) found.add(name.toLowerCase());
    }
  }
  return [...found].sort((a, b) => b.length - a.length).join("|");
};
const MONTH = `(?:${names({ month: "long" }, 12)}|(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\\.?)`;
const DAY_NAME = `(?:${names({ weekday: "long" }, 7)})`;
const DAY = String.raw`(?<!\p{Nd})[0-3]?\p{Nd}(?:st|nd|rd|th|º|\.)?(?!\p{Nd})`;
const YEAR = String.raw`(?<![\p{L}\p{Nd}.,])[12]\d{3}(?![\p{L}\p{Nd}]|[.,]\d)`;

const CURRENCY = String.raw`(?:[a-z]{0,3}[$£€¥₹₽₩₺₪₴₦฿₫¢]|(?<!\p{L})(?:usd|eur|gbp|jpy|chf|cny|inr)\s?)`;
const CURRENCY_WORD =
  "(?:dollars?|pounds?\\s+sterling|pounds(?!\\s+(?:of|weight))|shillings?|pence|guineas?|euros?|cents?|yen|rupees?|francs?|marks?|roubles?|rubles?|pesos?|yuan|crowns?|sovereigns?)";
const MAGNITUDE = "(?:\\s?(?:hundred|thousand|million|billion|trillion|mn|bn|[km](?![\\p{L}\\p{N}]))\\b)";

/**
 * Digits and letters of the scripts that group digits as Latin does, as plain ranges. A Unicode property in their place
 * costs a pattern of this size a hundred times the time to compile; so does ignoring case, which is why patterns read
 * lower-case text. Letters of scripts without spaces are left out: there a figure stands right beside them.
 */
const CLASSES: Readonly<Record<string, string>> = {
  "\\p{Nd}": "0-9\u0660-\u0669\u06F0-\u06F9\u0966-\u096F\u09E6-\u09EF\uFF10-\uFF19",
  "\\p{N}": "0-9\u00BC-\u00BE\u0660-\u0669\u06F0-\u06F9\u0966-\u096F\u09E6-\u09EF\u2150-\u2189\uFF10-\uFF19",
  "\\p{L}":
    "a-z\u00AA\u00B5\u00BA\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u02AF\u0370-\u065F\u066E-\u06EF\u06FA-\u0965\u0970-\u09E5\u09F0-\u1FFF",
  "\\p{Script=Latin}": "a-z\u00AA\u00BA\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u024F",
};

const pattern = (source: string): RegExp => {
  let inside = false;
  const plain = source.replace(/\\p\{[^}]+\}|\\.|[[\]]/g, (part) => {
    if (part === "[" || part === "]") inside = part === "[";
    const ranges = CLASSES[part];
    return ranges === undefined ? part : inside ? ranges : `[${ranges}]`;
  });
  return new RegExp(plain, "g");
};

const PATTERNS: readonly { readonly kind: Kind; readonly note: string; readonly find: RegExp }[] = [
  {
    kind: "date",
    note: "date",
    find: pattern(
      `(?:\\b${DAY_NAME},?\\s+(?:the\\s+)?)?\\b${DAY}(?:\\s+(?:of|de|di))?\\s+${MONTH}(?![\\p{L}])(?:,?\\s+(?:de\\s+|del\\s+)?${YEAR})?`,
    ),
  },
  {
    kind: "date",
    note: "date",
    find: pattern(`(?:\\b${DAY_NAME},?\\s+)?\\b${MONTH}\\s+(?:the\\s+)?${DAY}(?![\\p{L}])(?:,?\\s+${YEAR})?`),
  },
  {
    kind: "date",
    note: "date",
    find: pattern(
      String.raw`(?<!\d)\d{4}[-/.](?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12]\d|3[01])(?!\d)|(?<![\d/.])(?:0?[1-9]|[12]\d|3[01])([/.-])(?:0?[1-9]|[12]\d|3[01])\1(?:\d{4}|\d{2})(?!\d)`,
    ),
  },
  {
    kind: "date",
    note: "date",
    find: pattern(
      String.raw`\p{Nd}{2,4}\s?年(?:\s?\p{Nd}{1,2}\s?月(?:\s?\p{Nd}{1,2}\s?日)?)?|\p{Nd}{1,2}\s?月\s?\p{Nd}{1,2}\s?日`,
    ),
  },
  { kind: "date", note: "month and year", find: pattern(`\\b${MONTH},?\\s+(?:of\\s+|de\\s+)?${YEAR}`) },
  { kind: "date", note: "quarter", find: pattern(`\\bq[1-4]\\s+${YEAR}`) },
  { kind: "date", note: "decade", find: pattern(String.raw`(?<![\p{L}\d])(?:1[0-9]|20)\d0['’]?s\b`) },
  {
    kind: "date",
    note: "century",
    find: pattern(
      String.raw`\b(?:\d{1,2}(?:st|nd|rd|th)|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|twenty-first)\s+century\b`,
    ),
  },
  {
    kind: "percentage",
    note: "percentage",
    find: pattern(
      `(?:${QUANTITY}\\s?(?:[-–]|to|and)\\s?)?${QUANTITY}\\s?(?:[%％٪‰]|per\\s?cent(?:age\\s+points?)?\\b|percent\\b|pour\\s+cent\\b|prozent\\b|por\\s+ciento\\b)`,
    ),
  },
  {
    kind: "money",
    note: "money",
    find: pattern(
      `${CURRENCY}\\s?(?:${NUMBER})${MAGNITUDE}?(?:\\s?[-–]\\s?${CURRENCY}?(?:${NUMBER})${MAGNITUDE}?)?(?:\\s\\d{1,2}s\\.?)?(?:\\s\\d{1,2}d\\.?)?`,
    ),
  },
  {
    kind: "money",
    note: "money",
    find: pattern(
      `(?:${NUMBER})${MAGNITUDE}?\\s?[€£¥₽₩₺₪₴₦฿₫¢](?![\\p{N}])|${QUANTITY}${MAGNITUDE}?\\s+(?:us\\s+)?${CURRENCY_WORD}\\b|\\p{Nd}[\\p{Nd},.]*\\s?[万萬億亿]?\\s?[円元圆块](?!\\p{L})`,
    ),
  },
  {
    kind: "time",
    note: "time of day",
    find: pattern(
      String.raw`(?<![\d:])(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?:\s?(?:[ap]m\b|[ap]\.m\.))?|(?<![\d.])(?:1[0-2]|0?[1-9])\s?(?:[ap]m\b|[ap]\.m\.)|\b(?:${TEENS}|${SMALL})\s+o['’]clock\b|(?<!\d)\d{1,2}\s+o['’]clock\b`,
    ),
  },
  { kind: "date", note: "years", find: pattern(`${YEAR}\\s?[-–]\\s?(?:[12]\\d{3}|\\d{2})(?!\\p{Nd})`) },
  {
    kind: "date",
    note: "year",
    find: pattern(
      `(?:(?<=\\b(?:in|of|since|by|until|from|during|before|after|about|circa|year|and|to|en|im|seit|bis|depuis|desde)\\s|[(\\-–/]\\s?)|^)${YEAR}(?:\\s?[-–/]\\s?(?:${YEAR}|\\d{2}(?!\\d)))?(?=\\s*(?:[,;:.)\\-–?!]|$|\\s(?:and|was|were|the|to|it|when|had|a|by|but|alone|und|et|y)\\b))`,
    ),
  },
];

/** Words after a number that are not what it counts. */
const NOT_UNIT =
  "of|the|a|an|and|or|in|on|at|to|for|from|by|with|was|were|is|are|had|has|have|been|being|that|which|who|only|out|but|as|than|then|so|it|its|he|she|they|their|his|her|this|these|those|not|no|took|occurred|would|will|could|can|may|might|should|if|when|while|into|upon|after|before|about|over|under|per|such|we|i|you|also|more|most|less|very|too|there|here|did|does|do|said|having|either|both|all|each|every|any|some|other|others|between|during|through|against|within|without|because|since|until|though|although|even|just|now|where|what|how|why|again|ago|remaining";
const NOUN = `(?:(?!(?:${NOT_UNIT})\\b)\\p{Script=Latin}[\\p{Script=Latin}'’-]*)`;
/** What is counted: "attacks", or "fatal attacks" where only the second word is a plural. */
const UNIT = `(?:${NOUN}(?<!s)\\s+${NOUN}(?<=s)(?!\\p{L})|${NOUN})`;
const COUNTED = pattern(
  `(?:(?:${QUANTITY})(?:\\s?[-–]\\s?|\\s+(?:to|or|and)\\s+))?(?:${QUANTITY})${MAGNITUDE}?(?:(?:\\s+|-)${UNIT}|\\s?(?:°\\s?[cfk]?|km|cm|mm|kg|mg|g|m|ms|s|h|hz|khz|mhz|ghz|kb|mb|gb|tb|v|w|kw|mph|m²|m³)(?![\\p{L}\\p{N}]))?`,
);
const NUMBER_WORD = new RegExp(`^(?:${WORDED}|${PART}|${SCALE})s?$`, "u");
const RATIO = pattern(
  `\\b(?:${QUANTITY})\\s+(?:out\\s+of|in\\s+every|in|per|to\\s+each|of\\s+every)\\s+(?:the\\s+)?(?:${QUANTITY})(?!\\p{L})|(?:${QUANTITY})\\s*(?:times|-?fold)\\b(?:\\s+(?:as|more|less|larger|smaller|greater|higher|lower|faster)\\s+\\p{L}+)?`,
);

export function figuresReader(text: string): Reader {
  let kept = 0;
  return {
    read(passage: Passage): Delta {
      const put = new Map<string, Finding>();
      for (const sentence of passage.sentences) {
        for (const span of spansOf(text.slice(sentence.start, sentence.end))) {
          if (kept >= FINDINGS_MAX) break;
          kept += 1;
          put.set(placeId("", sentence.start + span.start), findingOf(text, sentence, span));
        }
      }
      return { put, drop: [] };
    },
  };
}

/** The figures of one sentence, in order. */
export function spansOf(raw: string): Span[] {
  const sentence = lower(raw).replace(/[\n\t]/g, " ");
  if (
    !/\p{N}|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\p{L}+teen|\p{L}+ty|hundred|thousand|million|billion|dozen|score|half|\p{L}+th|first|second|third)/u.test(
      sentence,
    )
  ) {
    return [];
  }
  const spans: Span[] = [];
  const offer = (kind: Kind, start: number, found: string, note: string): void => {
    const lead = found.length - found.trimStart().length;
    const end = start + found.trimEnd().length;
    if (end <= start + lead) return;
    if (spans.some((span) => span.start < end && start + lead < span.end)) return;
    spans.push({ kind, start: start + lead, end, note });
  };
  for (const { kind, note, find } of PATTERNS) {
    for (const match of sentence.matchAll(find)) {
      // "may 5 people" is not a date, and "sat 3" is not one either.
      if (kind === "date" && /^(?:may|march|mar|sat|sun)\b/.test(raw.slice(match.index))) continue;
      offer(kind, match.index, match[0], note);
    }
  }
  for (const match of sentence.matchAll(RATIO)) offer("quantity", match.index, match[0], "ratio");
  for (const match of sentence.matchAll(COUNTED)) counted(match, offer);
  return spans.sort((a, b) => a.start - b.start);
}

/** The text in lower case, with every character where it was. */
function lower(text: string): string {
  const all = text.toLowerCase();
  return all.length === text.length
    ? all
    : text.replace(/\p{Lu}/gu, (letter) =>
        letter.toLowerCase().length === letter.length ? letter.toLowerCase() : letter,
      );
}

/** A number with what it counts; lone small words such as "one" are not figures. */
function counted(
  match: RegExpExecArray,
  offer: (kind: Kind, start: number, found: string, note: string) => void,
): void {
  const found = match[0];
  const worded = !/\p{N}/u.test(found);
  if (
    worded &&
    /^(?:one|a|an)\b(?!\s+(?:hundred|thousand|million|billion|dozen|score|half|third|quarter|fourth|fifth|tenth))/.test(
      found,
    )
  ) {
    return;
  }
  // A reference such as "[12]" counts nothing.
  if (/^\d{1,3}$/.test(found) && match.input[match.index - 1] === "[") return;
  const unit = /[\p{L}°][\p{L}'’²³-]*$/u.exec(found)?.[0] ?? "";
  if (unit === "" || NUMBER_WORD.test(unit))
    offer("number", match.index, found, /st|nd|rd|th/.test(unit) ? "ordinal" : "number");
  else offer("quantity", match.index, found, "quantity");
}

const WEIGHT: Partial<Record<Kind, number>> = {
  money: 1,
  percentage: 0.95,
  date: 0.8,
  quantity: 0.7,
  time: 0.6,
  number: 0.4,
};

function findingOf(text: string, sentence: Range, span: Span): Finding {
  const at = { start: sentence.start + span.start, end: sentence.start + span.end };
  return {
    kind: span.kind,
    label: text.slice(at.start, at.end).replace(/\s+/g, " "),
    note: span.note,
    where: [{ start: sentence.start, end: sentence.end }],
    at,
    quote: quote(text, sentence),
    weight: WEIGHT[span.kind] ?? 0.5,
    count: 1,
  };
}
