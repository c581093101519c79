/**
 * The promises: what is held to which bound. Each has parts, because most are made for several sizes.
 *
 * A promise is computed from the rows and nothing else. A missed one is marked wherever it is shown, and fails nothing:
 * whether a figure holds depends on the machine. Sizes do not, and have a test (tests/package/size.test.js).
 */

/** The most bytes, gzipped, of the kernel and of the main entry's own JavaScript. */
export const budgets = { wasm: 120_000, js: 10_000 };

/** What they may have until the budgets are kept. These only ever shrink: what has been gained is not lost again. */
export const ceilings = { wasm: 124_300, js: 37_400 };

const SHARED = "statehall, shared";
const PRIVATE = "statehall, private";

/** Medians of one subject over those of another in the same table, with the most for each case. No `over`: the peers. */
const ratios = [
  {
    what: "put in a shared hall, over the fastest peer",
    table: "put",
    subject: SHARED,
    most: { "1 key": 1, "1,000 keys": 1, "10,000 keys": 0.85 },
  },
  {
    what: "put in a private hall, over the fastest peer",
    table: "put",
    subject: PRIVATE,
    most: { "1 key": 1, "1,000 keys": 1, "10,000 keys": 0.85 },
  },
  {
    what: "put that 100 watchers hear, over nanostores",
    table: "watchers",
    subject: SHARED,
    over: "nanostores, an atom per key",
    most: { "100 watchers": 1 },
  },
  {
    what: "put to an unwatched key with 10,000 watches elsewhere, over none elsewhere",
    table: "elsewhere",
    subject: "10,000 watches elsewhere",
    over: "0 watches elsewhere",
    most: { "1 key": 1.2, "1,000 keys": 1.2 },
  },
  {
    what: "get, over Map.get",
    table: "get",
    subject: SHARED,
    over: "Map.get",
    most: { "1 key": 2, "1,000 keys": 2, "10,000 keys": 2 },
  },
  {
    what: "one change to another tab, over a bare message",
    table: "latency",
    subject: "a change in a hall",
    over: "a bare BroadcastChannel message",
    most: { "one way": 2 },
  },
  {
    what: "100,000 puts to another tab, over a message for each",
    table: "burst",
    subject: "through a hall",
    over: "as one message for each put",
    most: { "in one turn": 1, "in 100 turns": 1 },
  },
  {
    what: "set of a declared variable, over a put to an undeclared key",
    table: "typed",
    subject: "statehall, a declared variable",
    over: "statehall, a put to an undeclared key",
    most: { float: 1.5, integer: 1.5, boolean: 1.5, choice: 1.5 },
  },
];

/** Figures with bounds of their own, for each case. */
const bounds = [
  { what: "bytes of the kernel", unit: "B", table: "sizes", subject: "core_bg.wasm", most: { gzipped: budgets.wasm } },
  { what: "bytes of the main entry", unit: "B", table: "sizes", subject: "JavaScript", most: { gzipped: budgets.js } },
  {
    what: "a 1-key patch of 1 MB in memory, from the patch to the watcher",
    unit: "ns",
    table: "patch",
    subject: "statehall, until a watcher hears it",
    most: { "1,024 texts, 32 members a level": 50_000, "32,768 texts, 32 members a level": 50_000 },
  },
];

/**
 * What may not grow with what is not touched. Memory that is farther away makes everything slower, a Map as well: the
 * bound finds what is searched from end to end, which grows a hundred or a thousand times.
 */
const GROWTH_MAX = 10;
/** What a change takes on the channel does not grow with who hears it. */
const ON_CHANNEL = ["bytes a change", "frames a change"];
const growths = [
  { table: "entries", from: "1,000 entries", to: "1,000,000 entries" },
  { table: "watches, exact", from: "1,000 watches", to: "100,000 watches" },
  { table: "watches, prefix", from: "1,000 watches", to: "100,000 watches" },
  { table: "watches, glob", from: "1,000 watches", to: "100,000 watches" },
  { table: "sessions", from: "2 sessions", to: "32 sessions", cases: ON_CHANNEL, most: 1.5 },
];
/** What is the size's own, or another's. */
const NOT_IN_LOOPS = ["memory", "opening", "Map.set", "snapshot", "restore", "bytes of the snapshot"];

/** All promises that the rows have figures for. */
export function promises(rows) {
  const all = [
    ...ratios.map((promise) => compared(rows, promise)),
    ...bounds.map((promise) => bounded(rows, promise)),
    ...growths.map((promise) => grown(rows, promise)),
    ...declared(rows),
  ];
  const known = ({ parts, ...promise }) => ({ ...promise, parts: parts.filter(({ value }) => Number.isFinite(value)) });
  return all.map(known).filter(({ parts }) => parts.length > 0);
}

const part = (name, value, most) => ({ name, value, most, met: value <= most });
const single = (what, unit, value, most) => ({ what, unit, parts: [part("", value, most)] });

function medianOf(rows, table, name, subject) {
  const row = rows.find((row) => row.table === table && row.case === name && row.subject === subject);
  return row?.median ?? Number.NaN;
}

function compared(rows, { what, table, subject, over, most }) {
  const value = (name) =>
    medianOf(rows, table, name, subject) / (over ? medianOf(rows, table, name, over) : fastest(name));
  const fastest = (name) => {
    const peers = rows.filter(
      (row) => row.table === table && row.case === name && !row.subject.startsWith("statehall"),
    );
    return Math.min(...peers.map(({ median }) => median));
  };
  return { what, unit: "x", parts: Object.keys(most).map((name) => part(name, value(name), most[name])) };
}

function bounded(rows, { what, unit, table, subject, most }) {
  const names = Object.keys(most);
  // A name says nothing where there is one part.
  const named = (name) => (names.length > 1 ? name : "");
  const parts = names.map((name) => part(named(name), medianOf(rows, table, name, subject), most[name]));
  return { what, unit, parts };
}

function grown(rows, { table, from, to, cases, most = GROWTH_MAX }) {
  const measured = [...new Set(rows.filter((row) => row.table === table).map((row) => row.case))];
  const own = cases ?? measured.filter((name) => !NOT_IN_LOOPS.includes(name));
  const value = (name) => medianOf(rows, table, name, to) / medianOf(rows, table, name, from);
  const parts = own.map((name) => part(name, value(name), most));
  return { what: `${table}: growth from ${from} to ${to}`, unit: "x", parts };
}

/** Bounds that the programs in Rust declare themselves. They hold the minimum to them. */
function declared(rows) {
  const own = rows.filter(({ target }) => target !== undefined);
  return own.map(({ table, subject, unit, min, target }) => {
    return { ...single(`${table}: ${subject}`, unit, min, target), declared: true };
  });
}
