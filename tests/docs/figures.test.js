/** The figures of the README are those that the bench has written, and follow from what it has measured. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { markdown, withFigures } from "../bench/js/figures.mjs";
import { promises } from "../bench/js/promises.mjs";
import { read } from "./blocks.js";

const figures = JSON.parse(readFileSync(new URL("../bench/figures.json", import.meta.url), "utf8"));

test("the README shows the figures of the last run of the bench", () => {
  const readme = read("README.md");
  assert.equal(readme, withFigures(readme, figures), '"make bench" writes both; do not edit either by hand');
});

test("another figure makes another README", () => {
  const readme = read("README.md");
  for (const row of figures.rows.filter(({ table, case: name }) => table === "put" && name === "1 key")) {
    const rows = figures.rows.map((one) => (one === row ? { ...one, median: one.median * 2 } : one));
    assert.notEqual(markdown({ ...figures, rows }), markdown(figures), row.subject);
  }
  const missed = figures.promises.map(({ parts, ...promise }) => ({
    ...promise,
    parts: parts.map((part) => ({ ...part, met: !part.met })),
  }));
  assert.notEqual(readme, withFigures(readme, { ...figures, promises: missed }));
});

test("what was measured besides has a table, and what was not has none", () => {
  const tables = ["typed", "contexts", "patch", "machine"];
  const rows = figures.rows.filter(({ table }) => !tables.includes(table));
  const without = markdown({ ...figures, rows });
  for (const [table, name] of [
    ["typed", "float"],
    ["contexts", "replace, p99"],
    ["patch", "10,000 texts in one level"],
    ["machine", "an event"],
  ]) {
    const row = { table, case: name, subject: "some store", unit: "ns", median: 1_234 };
    const more = markdown({ ...figures, rows: [...rows, row] });
    assert.match(more, /\| some store \| 1.23 us \|/);
    // A table of four lines, and in some a row for each that Rust has.
    const lines = more.split("\n").filter((line) => !/^\| statehall(,|'s) /.test(line)).length;
    const before = without.split("\n").filter((line) => !/^\| statehall(,|'s) /.test(line)).length;
    assert.equal(lines, before + 4, table);
  }
});

test("what was skipped is named with its reason", () => {
  const skipped = [{ name: "contexts sw4rm-sdk", reason: "python3 is missing" }];
  assert.match(markdown({ ...figures, skipped }), /^Not measured: contexts sw4rm-sdk, because python3 is missing\.$/m);
});

test("what is said to be kept or missed follows from the rows", () => {
  const now = promises(figures.rows);
  assert.deepEqual(
    now.map(({ what }) => what),
    figures.promises.map(({ what }) => what),
  );
  for (const [index, { what, parts }] of now.entries()) {
    for (const [place, { value, most, met }] of parts.entries()) {
      const written = figures.promises[index].parts[place];
      // A ratio is written with five digits.
      assert.ok(Math.abs(written.value / value - 1) < 1e-4, `${what}: ${written.value}, not ${value}`);
      assert.deepEqual([written.most, written.met], [most, met], what);
    }
  }
});

test("a README without a place for figures, or with two, is refused", () => {
  const readme = read("README.md");
  assert.throws(() => withFigures("# statehall\n", figures), /no place/);
  assert.throws(() => withFigures(readme + readme, figures), /more than one/);
});
