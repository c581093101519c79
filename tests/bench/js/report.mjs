/**
 * What is printed.
 *
 * A row is one figure: `table` and, in it, `subject` (down) and `case` (across); `unit`; `median` and `min`. Of what was
 * measured in several processes the median is the median of theirs, and `low` and `high` are the least and the most of
 * them, which says how quiet the machine was.
 */

const duration = [
  ["ns", 1],
  ["us", 1e3],
  ["ms", 1e6],
  ["s", 1e9],
];

/** A figure with three digits that mean something, in the unit that suits it. */
export function shown(number, unit) {
  if (number === null || number === undefined) return "-";
  if (unit === "ns" || unit === "ms") {
    const ns = number * (unit === "ms" ? 1e6 : 1);
    const [name, size] = duration.findLast(([, size]) => ns >= size) ?? duration[0];
    return `${digits(ns / size)} ${name}`;
  }
  if (unit === "B")
    return number >= 1e6 ? `${digits(number / 1e6)} MB` : `${Math.round(number).toLocaleString("en")} B`;
  return `${digits(number)}${unit === "x" ? "x" : ""}`;
}

function digits(number) {
  if (Number.isInteger(number)) return number.toLocaleString("en");
  const places = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(number))));
  return number.toFixed(Math.min(places, 2));
}

/** The tables of some rows, in the order in which they come: each with its subjects, its cases and its cells. */
export function tables(rows) {
  const names = [...new Set(rows.map((row) => row.table))];
  return names.map((name) => {
    const own = rows.filter((row) => row.table === name);
    const cases = [...new Set(own.map((row) => row.case))];
    const subjects = [...new Set(own.map((row) => row.subject))];
    const find = (subject, one) => own.find((row) => row.subject === subject && row.case === one);
    const lines = subjects.map((subject) => [
      subject,
      ...cases.map((one) => {
        const row = find(subject, one);
        return row ? shown(row.median, row.unit) : "";
      }),
    ]);
    return { name, head: ["", ...cases], lines };
  });
}

/** Lines of text in columns, the first to the left and the others to the right. */
export function columns(lines) {
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const pad = (text, column) => (column === 0 ? text.padEnd(widths[0]) : text.padStart(widths[column]));
  return lines.map((line) => line.map(pad).join("  ").trimEnd()).join("\n");
}

export function printTables(rows) {
  for (const { name, head, lines } of tables(rows)) console.log(`\n${name}\n${columns([head, ...lines])}`);
}

export function printPromises(promises) {
  if (promises.length === 0) return;
  console.log("\npromises");
  for (const { what, unit, parts } of promises) {
    for (const { name, value, most, met } of parts) {
      const case_ = name === "" ? "" : `, ${name}`;
      console.log(
        `${met ? "  kept  " : "  MISSED"}  ${what}${case_}: ${shown(value, unit)} (at most ${shown(most, unit)})`,
      );
    }
  }
}
