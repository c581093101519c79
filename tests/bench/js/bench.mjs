/**
 * The bench: "make bench" runs it, and "make bench ONLY=text" runs only what has that text in its name.
 *
 * A whole run prints tables, writes ../figures.json, and puts the figures into the README. With ONLY, nothing is written.
 * "make bench PROCESSES=1" takes a fifth of the time for the stores, and says so beside the figures.
 * The parts: `store` (statehall beside the peers, see store/measure.mjs for how), `contexts`, `machine` (the peer in
 * Erlang, beside those of the stores), `scale`, `tabs`, `sizes`, and the programs in Rust, `rust` and `component`. The
 * cases of a part are named after it: "store put 1,000 keys", "contexts sw4rm", "scale entries 1000", "tabs latency";
 * what follows "rust " or "component " is a text of their own cases.
 *
 * What is in other languages is skipped where their programs are missing, with the reason.
 */

import { execFile, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { withFigures } from "./figures.mjs";
import { genStatem } from "./foreign/erlang.mjs";
import { sw4rm } from "./foreign/python.mjs";
import { machine, versions } from "./machine.mjs";
import { promises } from "./promises.mjs";
import { printPromises, printTables } from "./report.mjs";
import { sizeRows } from "./sizes.mjs";
import { cases } from "./store/cases.mjs";
import { median } from "./store/measure.mjs";
import { measureTabs } from "./tabs/tabs.mjs";

/** Of each case; fewer are enough for a look. */
const PROCESSES = Number(process.env.PROCESSES || 5);
const ENTRIES = [1_000, 10_000, 100_000, 1_000_000];
const WATCHES = [1, 10, 100, 1_000, 10_000, 100_000];

const top = new URL("../../../", import.meta.url);
const figuresFile = new URL("../figures.json", import.meta.url);
const readmeFile = new URL("README.md", top);

const only = process.argv[2] || undefined;
const wanted = (name) => only === undefined || name.includes(only);
const say = (what) => console.error(`bench: ${what}`);

/** Runs a program of the bench in a process of its own, and returns what it writes. */
async function run(program, args, flags = []) {
  const path = fileURLToPath(new URL(program, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, path, ...args], { maxBuffer: 2 ** 26 });
  return JSON.parse(stdout);
}

/** Each case in processes of its own, which come one after another: the first of every case, the second of every case. */
async function stores() {
  const chosen = cases.filter(({ table, name }) => wanted(`store ${table} ${name}`));
  const results = new Map(chosen.map((one) => [one, []]));
  for (let i = 1; i <= PROCESSES; i++) {
    for (const one of chosen) {
      if (one.once && i > 1) continue;
      say(`store ${one.table} ${one.name}, process ${i} of ${PROCESSES}`);
      results.get(one).push(await run("store/process.mjs", [one.table, one.name]));
    }
  }
  const rows = chosen.flatMap((one) => together(one, results.get(one)));
  return rows.concat(steps(rows.filter(({ table }) => table === "breakdown")));
}

/** What each stage of the breakdown adds to the one before it. */
function steps(rows) {
  return rows.map(({ table, case: name, subject, unit, median }, index) => {
    const before = rows[index - 1]?.case === name ? rows[index - 1].median : 0;
    return { table, case: `${name}, this step`, subject, unit, median: median - before };
  });
}

/** The rows of a case, of what each of its processes has measured. */
function together({ table, name }, processes) {
  return merged(processes).map((row) => ({ table, case: name, unit: "ns", ...row }));
}

/** One of each row, of processes that have measured the same: the median of their medians. */
function merged(processes) {
  return processes[0].map((row, index) => {
    const medians = processes.map((rows) => rows[index].median);
    const [low, high] = [Math.min(...medians), Math.max(...medians)];
    return { ...row, median: median(medians), min: Math.min(...processes.map((rows) => rows[index].min)), low, high };
  });
}

/** What is measured in processes of its own that write rows: in turns, like the stores. */
async function besides() {
  const subjects = {
    "contexts in memory": () => ({ run: async () => ({ rows: await run("contexts/memory.mjs", []) }) }),
    "contexts sw4rm-sdk": sw4rm,
    "machine Erlang": genStatem,
  };
  const names = Object.keys(subjects).filter(wanted);
  const runs = names.map((name) => ({ name, answers: [], ...subjects[name]() }));
  const skipped = runs.filter(({ reason }) => reason).map(({ name, reason }) => ({ name, reason }));
  for (const { name, reason } of skipped) say(`${name} is skipped: ${reason}`);
  const measured = runs.filter(({ reason }) => !reason);
  for (let i = 1; i <= PROCESSES; i++) {
    for (const { name, run, answers } of measured) {
      say(`${name}, process ${i} of ${PROCESSES}`);
      answers.push(await run());
    }
  }
  const versions = Object.assign({}, ...measured.flatMap(({ answers }) => answers.map(({ versions }) => versions)));
  return { rows: measured.flatMap(({ answers }) => merged(answers.map(({ rows }) => rows))), versions, skipped };
}

async function scale() {
  const flags = ["--expose-gc", "--max-old-space-size=4000"];
  const runs = [
    ...ENTRIES.map((count) => ["scale/entries.mjs", ["entries", count]]),
    ...["exact", "prefix", "glob"].flatMap((kind) =>
      WATCHES.map((count) => ["scale/watches.mjs", ["watches", kind, count]]),
    ),
  ];
  const rows = [];
  for (const [program, words] of runs) {
    const name = `scale ${words.join(" ")}`;
    if (!wanted(name)) continue;
    say(name);
    rows.push(...(await run(program, words.slice(1).map(String), flags)));
  }
  return rows;
}

/** A program in Rust: it prints its own table, and leaves a file. */
function rust(part, args) {
  if (only !== undefined && !only.startsWith(part)) return { rows: [] };
  const text = only?.slice(part.length).trim();
  say(part);
  const given = text ? ["--", text] : [];
  const { status } = spawnSync("cargo", ["run", "--quiet", ...args, ...given], {
    cwd: fileURLToPath(top),
    stdio: "inherit",
  });
  if (status !== 0) throw new Error(`the program of ${part} failed`);
  if (text) return { rows: [] };
  const { machine, rows } = JSON.parse(readFileSync(new URL(`target/bench/${part}.json`, top), "utf8"));
  const named = rows.map(({ subject, case: name, ...row }) => ({
    table: subject,
    case: "a call or task",
    subject: name,
    ...row,
  }));
  return { rows: named, compiler: machine.compiler };
}

const inRust = rust("rust", ["--release", "--package", "statehall-bench"]);
const component = rust("component", ["--profile", "host", "--package", "statehall-bench-component"]);
const store = await stores();
const others = await besides();
const scaled = await scale();
const tabs = await measureTabs((name) => wanted(`tabs ${name}`), say);
const sizes = wanted("sizes") ? await sizeRows() : [];

const measured = [...store, ...others.rows, ...tabs.rows, ...sizes, ...scaled, ...inRust.rows, ...component.rows];
// What is written is what is shown and judged, so that file and README agree to the last digit.
const rows = JSON.parse(JSON.stringify(measured, rounded));
const kept = JSON.parse(JSON.stringify(promises(rows), rounded));
printTables(rows.filter(({ table }) => table !== "rust" && table !== "component"));
printPromises(kept);
if (only === undefined) {
  const software = { chromium: tabs.chromium, rust: inRust.compiler?.split(" (")[0], ...others.versions };
  const { skipped } = others;
  const described = { machine: machine(), versions: versions(software), processes: PROCESSES, skipped };
  const figures = { ...described, promises: kept, rows };
  writeFileSync(figuresFile, `${JSON.stringify(figures, null, 2)}\n`);
  writeFileSync(readmeFile, withFigures(readFileSync(readmeFile, "utf8"), figures));
  console.log("\nwritten to tests/bench/figures.json and README.md");
}

/** Five digits of what was measured are more than anybody can measure; what was counted stays. */
function rounded(_, value) {
  return typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value;
}
