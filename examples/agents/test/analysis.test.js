/** What the agents make of texts, without a hall. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { load } from "./modules.js";

const [text, language, figures, phrases, clarity, chair, { SAMPLE }] = await load(
  "text.ts",
  "language.ts",
  "agents/figures.ts",
  "agents/phrases.ts",
  "agents/clarity.ts",
  "agents/chair.ts",
  "sample.ts",
);

/** Everything that a reader finds in a text, as it would stand in the hall. */
function findingsOf(reader, body) {
  const found = new Map();
  const reading = reader(body);
  for (const passage of text.passagesOf(body)) {
    const { put, drop } = reading.read(passage);
    for (const [id, finding] of put) found.set(id, finding);
    for (const id of drop) found.delete(id);
  }
  return found;
}

const figuresIn = (body) =>
  [...findingsOf(figures.figuresReader, body).values()].map(({ kind, label }) => `${kind}: ${label}`);
const phrasesIn = (body) =>
  [...findingsOf(phrases.phrasesReader, body).values()].sort((a, b) => b.weight - a.weight).map(({ label }) => label);
const hedgesIn = (body) =>
  [...findingsOf(clarity.clarityReader, body).values()]
    .filter(({ kind }) => kind === "hedge")
    .map(({ label }) => label);
const sentencesIn = (body) =>
  text.passagesOf(body).flatMap(({ sentences }) => sentences.map(({ start, end }) => body.slice(start, end)));

test("sentences end where they end, not at abbreviations", () => {
  assert.deepEqual(
    sentencesIn("Mr. Huggins met Dr. J. Snow at No. 5, St. Ann's. They spoke, e.g. of water! Did they?"),
    ["Mr. Huggins met Dr. J. Snow at No. 5, St. Ann's.", "They spoke, e.g. of water!", "Did they?"],
  );
  assert.deepEqual(sentencesIn("東京は雨です。明日は晴れますか？はい。"), [
    "東京は雨です。",
    "明日は晴れますか？",
    "はい。",
  ]);
});

test("wrapped lines belong together; list items and headings stand alone", () => {
  const wrapped =
    "This line was wrapped by some program at about seventy characters, and\nso it goes on here without a break.\n\nA heading\nThen text.\n- one item\n- another item";
  assert.deepEqual(sentencesIn(wrapped), [
    "This line was wrapped by some program at about seventy characters, and\nso it goes on here without a break.",
    "A heading",
    "Then text.",
    "- one item",
    "- another item",
  ]);
});

test("passages cover all sentences in order, however the text is shaped", () => {
  for (const body of [
    "",
    "   \n\n ",
    "word ".repeat(30_000),
    SAMPLE.repeat(30),
    "a".repeat(50_000),
    "🙂".repeat(20_000),
    "…\n—\n!!",
  ]) {
    const passages = text.passagesOf(body);
    assert.ok(passages.length <= 80, `${passages.length} passages`);
    let last = 0;
    passages.forEach((passage, i) => {
      assert.equal(passage.index, i);
      for (const { start, end } of passage.sentences) {
        assert.ok(start >= last && end > start && end <= body.length);
        assert.ok(body.slice(start, end).isWellFormed(), "a sentence is never cut inside a character");
        last = end;
      }
    });
  }
});

test("pasted text is made well-formed, with one kind of line end, within the limit", () => {
  assert.equal(text.tidy("a\r\nb\rc\ud800", 100), "a\nb\nc\ufffd");
  assert.equal(text.tidy("ab🙂", 3), "ab");
  assert.equal(text.tidy("ab🙂", 4), "ab🙂");
});

test("the language is guessed from common words", () => {
  assert.equal(language.languageOf(SAMPLE), "en");
  assert.equal(language.languageOf("Das ist ein Satz, und er ist nicht sehr lang, aber er ist deutsch."), "de");
  assert.equal(language.languageOf("Il est dans la maison avec les enfants et le chien qui ne dort pas."), "fr");
  assert.equal(language.languageOf("El perro de la casa no es muy grande, pero tiene una cola larga."), "es");
  assert.equal(language.languageOf("東京は雨です"), "unknown");
});

const FIGURES = [
  [
    "On 3 March 2021 revenue rose 12.5% to $4.2 million.",
    ["date: 3 March 2021", "percentage: 12.5%", "money: $4.2 million"],
  ],
  ["The Company met from January 1st to December 31st, 1853.", ["date: January 1st", "date: December 31st, 1853"]],
  [
    "It began on Thursday, the 31st August; the 1st September was worse.",
    ["date: Thursday, the 31st August", "date: 1st September"],
  ],
  ["It was published on May 5, 2020, and may 5 people read it?", ["date: May 5, 2020", "quantity: 5 people"]],
  [
    "Due 2024-05-03 or 03/05/2024, in Q3 2024, at 10:30 am or 5 p.m.",
    ["date: 2024-05-03", "date: 03/05/2024", "date: Q3 2024", "time: 10:30 am", "time: 5 p.m."],
  ],
  [
    "In 1914 and the 1850s, from 1789–1799, in the nineteenth century.",
    ["date: 1914", "date: 1850s", "date: 1789–1799", "date: nineteenth century"],
  ],
  [
    "He paid £3 10s. 6d., then €1.5bn, then USD 20 and thirty shillings.",
    ["money: £3 10s. 6d.", "money: €1.5bn", "money: USD 20", "money: thirty shillings"],
  ],
  [
    "Within two hundred and fifty yards there were upwards of five hundred fatal attacks in ten days.",
    ["quantity: two hundred and fifty yards", "quantity: five hundred fatal attacks", "quantity: ten days"],
  ],
  [
    "One in five; three times as many; two-thirds; ½ mile; 1,234,567.89.",
    [
      "quantity: One in five",
      "quantity: three times as many",
      "number: two-thirds",
      "quantity: ½ mile",
      "number: 1,234,567.89",
    ],
  ],
  [
    "Half a million men, a dozen eggs, twenty-two thousand three hundred and one.",
    ["quantity: Half a million men", "quantity: a dozen eggs", "number: twenty-two thousand three hundred and one"],
  ],
  ["One of them said that no one came, and that one might go.", []],
  ["Version 2.0.1 on 192.168.0.1, see [12] about COVID-19 and IPv4.", []],
  [
    "Am 3. Oktober 1990 kamen 1.500 Menschen; 12,5 Prozent mehr, 30 €.",
    ["date: 3. Oktober 1990", "quantity: 1.500 Menschen", "percentage: 12,5 Prozent", "money: 30 €"],
  ],
  ["Le 14 juillet 1789, 20 % des maisons.", ["date: 14 juillet 1789", "percentage: 20 %"]],
  ["2024年5月3日に300万円、50％増。", ["date: 2024年5月3日", "money: 300万円", "percentage: 50％"]],
  ["في عام ٢٠٢٤ زاد ١٢٪", ["number: ٢٠٢٤", "percentage: ١٢٪"]],
];

for (const [body, expected] of FIGURES) {
  test(`figures in: ${body}`, () => assert.deepEqual(figuresIn(body), expected));
}

test("each figure stands where it says, in the sentence that it says", () => {
  for (const [id, { at, where, label, quote }] of findingsOf(figures.figuresReader, SAMPLE)) {
    assert.equal(SAMPLE.slice(at.start, at.end).replace(/\s+/g, " "), label);
    assert.equal(id, String(at.start).padStart(6, "0"));
    assert.ok(where[0].start <= at.start && at.end <= where[0].end);
    assert.ok(SAMPLE.slice(where[0].start).startsWith(quote.replace("…", "")));
  }
});

test("key phrases are what the text keeps coming back to, names first", () => {
  const found = phrasesIn(SAMPLE);
  assert.equal(found[0], "Broad Street");
  for (const phrase of ["cholera", "water", "pump", "Golden Square", "fatal attacks", "Southwark"]) {
    assert.ok(found.includes(phrase), `${phrase} among ${found.join(", ")}`);
  }
  for (const noise of ["Street", "the", "found", "registered", "taken"]) assert.ok(!found.includes(noise), noise);
  assert.ok(found.length <= phrases.PHRASES_MAX);
});

test("a phrase counts plural and possessive with the plain word, and keeps its commonest form", () => {
  const found = findingsOf(
    phrases.phrasesReader,
    "The steam engine stopped. Steam engines stop often. The steam engine's owner slept. Another steam engine ran.",
  );
  assert.equal(found.get("steam engine").count, 4);
  assert.equal(found.get("steam engine").label, "steam engine");
  assert.equal(found.get("steam engine").where.length, 4);
});

test("short texts have phrases before anything repeats", () => {
  assert.deepEqual(phrasesIn("The lazy dog saw a quick brown fox."), ["quick brown fox", "lazy dog"]);
});

test("phrases of a language without spaces", () => {
  assert.ok(
    phrasesIn("東京大学は大きい。東京大学で研究する。東京大学の研究は面白い。").some((phrase) =>
      phrase.includes("東京"),
    ),
  );
});

test("hedges are found, and lookalikes are not", () => {
  assert.deepEqual(hedgesIn("It is probably true, and perhaps I think it may be so."), [
    "probably",
    "perhaps",
    "I think",
    "may be",
  ]);
  assert.deepEqual(hedgesIn("There were about 40, nearly all, upwards of five hundred."), [
    "about",
    "nearly",
    "upwards of",
  ]);
  assert.deepEqual(
    hedgesIn("He told me about water on 5 May. In May we could go over the bridge. More than that, he walked about."),
    [],
  );
  assert.deepEqual(
    hedgesIn("Vielleicht ist es so, und wahrscheinlich sind es etwa vierzig, aber das ist nicht sicher."),
    ["Vielleicht", "wahrscheinlich", "etwa"],
  );
});

test("reading ease follows Flesch, and is not scored where it does not apply", () => {
  const of = (body) => findingsOf(clarity.clarityReader, body).get("readability");
  assert.match(
    of("The cat sat on the mat. The dog ran to the cat. It was a good day for all of them.").label,
    /\(easy\)$/,
  );
  assert.match(of(SAMPLE).label, /^reading ease (?:3\d|4\d) \(hard\)$/);
  assert.match(of("東京は雨です。明日は晴れます。").note, /not scored in this language/);
  assert.equal(findingsOf(clarity.clarityReader, "").size, 0);
});

test("syllables of common words", () => {
  const expected = {
    water: 2,
    cholera: 3,
    the: 1,
    houses: 2,
    registered: 3,
    supplied: 2,
    September: 3,
    probable: 3,
    created: 3,
    people: 2,
    street: 1,
    inquiry: 3,
    mortality: 4,
    increase: 2,
    violent: 3,
    area: 3,
  };
  const wrong = Object.entries(expected).filter(([word, count]) => clarity.syllablesOf(word, "en") !== count);
  assert.ok(
    wrong.length <= 2,
    `wrong: ${wrong.map(([word]) => `${word} ${clarity.syllablesOf(word, "en")}`).join(", ")}`,
  );
});

test("long sentences are told with their length", () => {
  const long = [...findingsOf(clarity.clarityReader, `${"word ".repeat(40)}end. Short one.`).values()].filter(
    ({ kind }) => kind === "long",
  );
  assert.deepEqual(
    long.map(({ label, note }) => [label, note]),
    [["41 words", "long sentence"]],
  );
});

test("the chair puts first what all agree on, tells hedged figures, and says what is pending", () => {
  const reports = [
    ["phrases", phrases.phrasesReader],
    ["figures", figures.figuresReader],
    ["clarity", clarity.clarityReader],
  ].map(([agent, reader]) => ({
    agent,
    status: agent === "clarity" ? "working" : "done",
    progress: { generation: "1-x", done: 3, total: 7, found: 0, dropped: 0, spent: 0 },
    findings: [...findingsOf(reader, SAMPLE).values()],
  }));
  const brief = chair.briefOf(reports);
  assert.match(brief.headline, /^About Broad Street, .* and .*\. 36 figures\. Reading ease \d+ \(hard\)\.$/);
  assert.deepEqual(brief.pending, [{ agent: "clarity", state: "working, 3 of 7 passages read" }]);
  assert.deepEqual(brief.points[0].agents, ["phrases", "figures", "clarity"]);
  assert.ok(brief.points.every(({ agents, quote }) => agents.length > 1 && quote.length > 0));
  assert.deepEqual(brief.cautions[0].reasons, ["“upwards of”", "five hundred fatal attacks"]);
  assert.equal(brief.counts.figures, 36);
});

test("the chair of an empty hall has nothing to say and knows it", () => {
  const brief = chair.briefOf(
    ["phrases", "figures", "clarity"].map((agent) => ({ agent, status: undefined, progress: undefined, findings: [] })),
  );
  assert.equal(brief.headline, "");
  assert.deepEqual(brief.points, []);
  assert.equal(brief.pending.length, 3);
});

test("the same text always gives the same findings under the same keys", () => {
  for (const reader of [phrases.phrasesReader, figures.figuresReader, clarity.clarityReader]) {
    assert.deepEqual(findingsOf(reader, SAMPLE), findingsOf(reader, SAMPLE));
  }
});

test("no text takes an agent more than seconds", () => {
  const texts = [
    "1 ".repeat(100_000),
    "a".repeat(200_000),
    "1,111".repeat(40_000),
    "one hundred and ".repeat(12_000),
    "20 % to ".repeat(25_000),
    "(".repeat(200_000),
    "may be ".repeat(28_000),
    "۱۲٬".repeat(60_000),
  ];
  for (const body of texts) {
    const start = performance.now();
    for (const reader of [phrases.phrasesReader, figures.figuresReader, clarity.clarityReader])
      findingsOf(reader, body);
    const spent = performance.now() - start;
    assert.ok(spent < 10_000, `${body.slice(0, 12)}: ${spent.toFixed(0)} ms`);
  }
});

test("colours keep the contrast of AA, light and dark", async () => {
  const css = await readFile(new URL("../style.css", import.meta.url), "utf8");
  const themes = [...css.matchAll(/:root \{([^}]*)\}/g)].map(([, body]) =>
    Object.fromEntries([...body.matchAll(/--([\w-]+): (#\w{6});/g)].map(([, name, value]) => [name, value])),
  );
  assert.equal(themes.length, 2);
  const light = (hex) => {
    const [r, g, b] = [1, 3, 5]
      .map((i) => Number.parseInt(hex.slice(i, i + 2), 16) / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [high, low] = [light(a), light(b)].sort((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
  };
  for (const theme of themes) {
    for (const back of ["paper", "card"]) {
      for (const front of ["ink", "soft", "bad", "phrases", "figures", "clarity", "chair"]) {
        assert.ok(
          contrast(theme[front], theme[back]) >= 4.5,
          `${front} on ${back}: ${contrast(theme[front], theme[back]).toFixed(2)}`,
        );
      }
      for (const front of ["strong-line", "focus"])
        assert.ok(contrast(theme[front], theme[back]) >= 3, `${front} on ${back}`);
    }
    for (const back of ["chosen", "exact"]) assert.ok(contrast(theme.ink, theme[back]) >= 4.5, `ink on ${back}`);
  }
});
