/**
 * The promises: what is held to which bound. Each has parts, because most are made for several sizes.
 *
 * A promise is computed from the rows and nothing else. A missed one is marked wherever it is shown, and fails nothing:
 * whether a figure holds depends on the machine. Sizes do not, and have a test (tests/package/size.test.js).
 */

import { budgets } from "./sizes.mjs";

const OWN = ["statehall, shared", "statehall, private"];
/** What is no store to be compared with. */
const isPeer = ({ subject }) => !subject.startsWith("statehall") && !subject.includes("making an object");

/** All promises that the rows have figures for. */
export function promises(rows) {
  const of = (table, name) => rows.filter((row) => row.table === table && row.case === name);
  const find = (table, name, subject) => of(table, name).find((row) => row.subject === subject)?.median;
  const all = [
    ...OWN.map((own) => puts(of, find, own)),
    over("100 watchers of one key, over nanostores", "watchers", OWN[0], "nanostores, an atom per key", { "100 watchers": 1 }),
    over("put to an unwatched key: 10,000 watches elsewhere, over none", "elsewhere", "10,000 watches elsewhere", "0 watches elsewhere", { "1 key": 1.2, "1,000 keys": 1.2 }),
    over("get, over Map.get", "get", OWN[0], "Map.get", { "1 key": 2, "1,000 keys": 2, "10,000 keys": 2 }),
    over("a change to another tab, over a bare message", "latency", "a change in a hall", "a bare BroadcastChannel message", { "one way": 2 }),
    over("100,000 puts to another tab, over a message for each", "burst", "through a hall", "as one message for each put", { "in one turn": 1, "in 100 turns": 1 }),
    ...sizes(find),
    ...growth(rows),
    ...declared(rows),
  ];
  function over(what, table, own, other, bounds) {
    const parts = Object.entries(bounds).map(([name, most]) => part(name, ratio(find(table, name, own), find(table, name, other)), most));
    return { what, unit: "x", parts };
  }
  return all.map(({ parts, ...promise }) => ({ ...promise, parts: parts.filter(known) })).filter(({ parts }) => parts.length > 0);
}

const known = ({ value }) => Number.isFinite(value);
const ratio = (a, b) => (a === undefined || b === undefined ? Number.NaN : a / b);
const part = (name, value, most) => ({ name, value, most, met: value <= most });

function puts(of, find, own) {
  const bounds = { "1 key": 1, "1,000 keys": 1, "10,000 keys": 0.85 };
  const fastest = (name) => Math.min(...of("put", name).filter(isPeer).map((row) => row.median));
  const parts = Object.entries(bounds).map(([name, most]) => part(name, ratio(find("put", name, own), fastest(name)), most));
  return { what: `put (${own}), over the fastest peer`, unit: "x", parts };
}

function sizes(find) {
  const size = (what, subject, most) => ({ what, unit: "B", parts: [part("", find("sizes", "gzipped", subject), most)] });
  return [
    size("the kernel, gzipped", "the kernel, core_bg.wasm", budgets.wasm),
    size("the main entry's own JavaScript, minified and gzipped", "the main entry's own JavaScript, minified", budgets.js),
  ];
}

/**
 * What may not grow with what is not touched, from the smallest to the largest that was measured. Memory that is farther
 * away makes everything slower, a Map as well: this finds what is searched from end to end, which is a thousand times.
 */
const GROWTH_MAX = 10;
const ofSize = ["memory", "Map.set", "snapshot", "restore", "bytes of the snapshot", "memory", "opening"];

function growth(rows) {
  const grown = (table, from, to, skipped) => {
    const cases = [...new Set(rows.filter((row) => row.table === table).map((row) => row.case))];
    const value = (name, subject) => rows.find((row) => row.table === table && row.case === name && row.subject === subject)?.median;
    const parts = cases
      .filter((name) => !skipped.includes(name))
      .map((name) => part(name, ratio(value(name, to), value(name, from)), GROWTH_MAX));
    return { what: `${table}: with ${to}, over ${from}`, unit: "x", parts };
  };
  const watches = ["exact", "prefix", "glob"].map((kind) => `watches, ${kind}`);
  return [
    grown("entries", "1,000 entries", "1,000,000 entries", ofSize),
    ...watches.map((table) => grown(table, "1,000 watches", "100,000 watches", ofSize)),
  ];
}

/** Bounds that the programs in Rust declare themselves; they hold the minimum to them. */
function declared(rows) {
  const bound = rows.filter((row) => row.target !== undefined);
  const tables = [...new Set(bound.map((row) => row.table))];
  return tables.flatMap((table) =>
    bound
      .filter((row) => row.table === table)
      .map(({ subject, unit, min, target }) => ({ what: `${table}: ${subject}`, unit, parts: [part("", min, target)] })),
  );
}
