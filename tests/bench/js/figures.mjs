/** The figures as the README shows them, made of the file that the bench has written, and of nothing else. */

import { shown } from "./report.mjs";

const BEGIN = "<!-- These figures are written by make bench; a test compares them with tests/bench/figures.json. -->";
const END = "<!-- The figures end here. -->";

/** The README with these figures in it. */
export function withFigures(readme, figures) {
  const [before, rest, more] = readme.split(BEGIN);
  const [, after, ...others] = (rest ?? "").split(END);
  if (after === undefined || more !== undefined || others.length > 0) {
    throw new Error("README.md has no place for figures, or more than one");
  }
  return `${before}${BEGIN}\n\n${markdown(figures)}\n\n${END}${after}`;
}

/** The figures as Markdown. What was not measured has no table. */
export function markdown({ machine, versions, processes, skipped, rows, promises }) {
  const said = [
    stores(rows),
    held(promises),
    tabs(rows),
    ...besides.map((one) => beside(rows, one)),
    measuredOn(machine, versions, processes),
    ...(skipped ?? []).map(({ name, reason }) => `Not measured: ${name}, because ${reason}.`),
  ];
  return said.filter((text) => text !== undefined).join("\n\n");
}

const line = (cells) => `| ${cells.join(" | ")} |`;

function table(head, lines) {
  return [line(head), line(head.map((_, column) => (column === 0 ? "---" : "---:"))), ...lines.map(line)].join("\n");
}

/** A column for each of these cases, and a line for each store. */
function stores(rows) {
  const cases = [
    ["put", "1 key", "put, 1 key"],
    ["put", "1,000 keys", "put, 1,000"],
    ["put", "10,000 keys", "put, 10,000"],
    ["objects", "1,000 keys", "small objects, 1,000"],
    ["watchers", "100 watchers", "put, 100 watchers"],
    ["get", "1,000 keys", "get, 1,000"],
  ];
  const find = (subject, [table, name]) =>
    rows.find((row) => row.table === table && row.case === name && row.subject === subject);
  const measured = rows.filter((row) => row.table === "put" || row.table === "get");
  const subjects = [...new Set(measured.map((row) => row.subject))];
  const lines = subjects.map((subject) => [
    subject,
    ...cases.map((one) => {
      const row = find(subject, one);
      return row ? shown(row.median, row.unit) : "";
    }),
  ]);
  return table(["store", ...cases.map(([, , head]) => head)], lines);
}

/**
 * A promise a line; one of several parts has these after one another, one of many only the worst of them. What the
 * programs in Rust declare for themselves is shown if it is missed.
 */
function held(promises) {
  const shownHere = promises.filter(({ declared, parts }) => !declared || parts.some(({ met }) => !met));
  const lines = shownHere.map(({ what, unit, parts }) => {
    const missed = parts.filter(({ met }) => !met);
    const names = missed.length < parts.length ? missed.map(({ name }) => name).join(", ") : "";
    const verdict = missed.length === 0 ? "yes" : `**no**${names && `: ${names}`}`;
    const few = parts.length < 5;
    const named = parts.length > 1 && few ? `${what} (${parts.map(({ name }) => name).join(", ")})` : what;
    const bounds = parts.map(({ most }) => shown(most, unit));
    const most = bounds.every((bound) => bound === bounds[0]) ? bounds[0] : bounds.join(", ");
    const value = few ? parts.map(({ value }) => shown(value, unit)).join(", ") : worst(parts, unit);
    return [named, value, most, verdict];
  });
  return table(["promise", "measured", "at most", "kept"], lines);
}

function worst(parts, unit) {
  const { name, value } = parts.toSorted((a, b) => b.value - a.value)[0];
  return `${shown(value, unit)} (${name})`;
}

function tabs(rows) {
  const of = (name) => rows.filter((row) => row.table === name);
  const cell = (row) => (row ? shown(row.median, row.unit) : "");
  const find = (name, subject, one) => of(name).find((row) => row.subject === subject && row.case === one);
  const lines = [
    ...of("latency").map((row) => [`${row.subject}, one way`, cell(row)]),
    ...["through a hall", "as one message for each put"].map((subject) => [
      `100,000 puts over 1,000 keys in one turn, ${subject}`,
      cell(find("burst", subject, "in one turn")),
    ]),
    ...of("joining")
      .filter((row) => row.case === "until complete")
      .map((row) => [`joining 20,000 keys: ${row.subject}`, row.median === null ? arrivedOf(row.subject) : cell(row)]),
  ];
  function arrivedOf(subject) {
    return `never: ${find("joining", subject, "keys that arrived").median.toLocaleString("en")} arrived`;
  }
  return table(["two tabs in Chromium", "median"], lines);
}

const TYPES = ["float", "integer", "boolean", "choice", "text", "list", "map", "embedding of 8"];

/** Other tables: what their first column is called, the cases with a column, and rows of Rust that belong to them. */
const besides = [
  {
    table: "typed",
    head: "setting a value of a type, 1,000 keys with a watcher each",
    cases: TYPES,
    rust: Object.fromEntries(TYPES.map((type) => [type, `set of a declared ${type}`])),
  },
  {
    table: "contexts",
    head: "one operation on a context",
    cases: ["replace, p50", "replace, p99", "acquire and release, p50", "acquire and release, p99"],
    rust: {
      "replace, p50": "replace with the expected version, in memory, p50",
      "replace, p99": "replace with the expected version, in memory, p99",
      "acquire and release, p50": "acquire and release, in memory, p50",
      "acquire and release, p99": "acquire and release, in memory, p99",
    },
  },
  {
    table: "patch",
    head: "changing one key of a document of 1 MB in memory",
    cases: ["1,024 texts, 32 members a level", "32,768 texts, 32 members a level", "10,000 texts in one level"],
    rust: {
      "1,024 texts, 32 members a level": "a 1-key patch of 1 MB, 1,024 texts, 32 members a level",
      "32,768 texts, 32 members a level": "a 1-key patch of 1 MB, 32,768 texts, 32 members a level",
      "10,000 texts in one level": "a 1-key patch of 1 MB, 10,000 texts in one level",
    },
  },
  {
    table: "machine",
    head: "a machine of two states",
    cases: ["an event", "a call and its answer"],
    rust: {
      "an event": "an event to a machine of two states, the engine alone",
      "a call and its answer": "a call to a machine and its answer, the engine alone",
    },
    rustIs: "statehall's engine in Rust, without a hall around it",
    alsoRust: {
      "an event": "an event to a machine of two states, in a hall",
      "a call and its answer": "a call to a machine and its answer, in a hall",
    },
  },
];

/** A line for each subject, and one for Rust. Of what was not measured there is no column, and no table. */
function beside(rows, { table: name, head, cases, rust = {}, rustIs = "statehall, in Rust", alsoRust = {} }) {
  const own = rows.filter((row) => row.table === name);
  const inRust = (names) => (one) => rows.find((row) => row.table === "rust" && row.subject === names[one]);
  const known = cases.filter((one) => own.some((row) => row.case === one));
  if (known.length === 0) return undefined;
  const line = (subject, find) => [subject, ...known.map(find).map((row) => (row ? shown(row.median, row.unit) : ""))];
  const subjects = [...new Set(own.map((row) => row.subject))];
  const lines = subjects.map((subject) =>
    line(subject, (one) => own.find((row) => row.subject === subject && row.case === one)),
  );
  for (const [subject, names] of [
    [rustIs, rust],
    ["statehall, in Rust", alsoRust],
  ]) {
    if (known.some(inRust(names))) lines.unshift(line(subject, inRust(names)));
  }
  return table([head, ...known], lines);
}

function measuredOn(machine, versions, processes) {
  const { statehall, node, chromium, rust, ...peers } = versions;
  const beside = Object.entries(peers).map(([name, version]) => `${name} ${version}`);
  const { cpu, cores, memory, os } = machine;
  const counted = processes === 1 ? "one process" : `the median of ${processes} processes`;
  return [
    `Of the stores: ${counted}. Measured with statehall ${statehall} on ${cpu}, ${cores} cores, ${memory}, ${os};`,
    `Node ${node}, Chromium ${chromium}, ${rust};`,
    `${beside.join(", ")}.`,
  ].join("\n");
}
