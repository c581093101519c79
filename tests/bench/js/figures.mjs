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

/** The figures as Markdown. */
export function markdown({ machine, versions, processes, rows, promises }) {
  const said = [stores(rows), held(promises), tabs(rows), measuredOn(machine, versions, processes)];
  return said.join("\n\n");
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
