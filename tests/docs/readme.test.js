/**
 * Executes the code blocks of the documents.
 *
 * JavaScript and TypeScript are type-checked against the built package and run by Node; what a block prints must be what
 * its comments `// prints: ...` say, in their order. Shell blocks must name targets, scripts and packages that exist.
 * Transcripts are run by the transcript runner, Rust by `cargo test` (src/lib.rs includes the README for it).
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { before, test } from "node:test";
import { promisify } from "node:util";
import { blocks, documents, read, top, typescript } from "./blocks.js";

const output = join(top, "tests/output/docs");
const all = [...documents(), ...typescript()].flatMap(blocks);
const skipped = all.filter(({ reason }) => reason);
const run = (...languages) => all.filter(({ language, reason }) => !reason && languages.includes(language));
const where = ({ path, line }) => `${path}:${line}`;

/** Runs a program, and fails with what it printed if it does. */
async function execute(program, args, options) {
  const { stdout } = await promisify(execFile)(program, args, { cwd: output, ...options }).catch((error) =>
    assert.fail(`${error.stdout}${error.stderr}`),
  );
  return stdout;
}

before(() => {
  rmSync(output, { recursive: true, force: true });
  mkdirSync(join(output, "node_modules"), { recursive: true });
  symlinkSync(join(top, "js"), join(output, "node_modules/statehall"), "junction");
  assert.ok(existsSync(join(top, "js/dist/entry/inline.js")), 'the package is not built: "make build" does it');
});

test("every block says its language, or why it is not run", (context) => {
  const known = ["js", "ts", "sh", "rust", "transcript", "text"];
  const unknown = all.filter(({ language, reason }) => !reason && !known.includes(language)).map(where);
  assert.deepEqual(unknown, [], `write one of ${known.join(", ")} after the backticks`);
  for (const block of skipped) context.diagnostic(`${where(block)} is not run: ${block.reason}`);
});

test("text blocks are no programs", () => {
  const programs = run("text").filter(({ code }) => /^(import|const|let|use|fn|npm|make|cargo) /m.test(code));
  assert.deepEqual(programs.map(where), [], "give these their language");
});

const programs = run("js", "ts").map((block, index) => ({ ...block, name: `block-${index}` }));

test("JavaScript and TypeScript blocks pass the type checker", { skip: programs.length === 0 }, async () => {
  for (const { name, code } of programs) writeFileSync(join(output, `${name}.mts`), code);
  writeFileSync(join(output, "package.json"), '{ "type": "module" }\n');
  const target = ["--target", "es2022", "--module", "nodenext", "--strict", "--pretty", "false"];
  const types = ["--types", "node", "--typeRoots", join(top, "js/node_modules/@types")];
  const lib = ["--lib", "es2022,dom,esnext.disposable"];
  const tsc = join(top, "js/node_modules/typescript/bin/tsc");
  await execute(process.execPath, [tsc, ...target, ...types, ...lib, ...programs.map(({ name }) => `${name}.mts`)]);
});

for (const block of programs) {
  test(`${where(block)} prints what it says`, async () => {
    const expected = block.code.split("\n").flatMap((line) => /\/\/ prints: (.*)$/.exec(line)?.[1] ?? []);
    assert.ok(expected.length > 0, "say in a comment what the block prints: // prints: ...");
    const printed = await execute(process.execPath, [`${block.name}.mjs`], { timeout: 30_000 });
    assert.deepEqual(printed.trimEnd().split("\n"), expected);
  });
}

for (const block of run("sh")) {
  test(`${where(block)} names what exists`, () => {
    const commands = block.code.split("\n").flatMap((line) => line.replace(/(^|\s)#.*$/, "").split("&&"));
    for (const command of commands) checkCommand(command.trim().split(/\s+/), block);
  });
}

/** What is asked of the things that a command names; commands are not run. */
const checks = {
  make: (targets) => targets.every((target) => new RegExp(`^${target}:`, "m").test(read("Makefile"))),
  "npm run": ([script], folder) => scriptsOf(folder)[script] !== undefined,
  "npm test": (_, folder) => scriptsOf(folder).test !== undefined,
  "npm ci": (_, folder) => existsSync(join(top, folder, "package-lock.json")),
  "npm install": ([path]) => packageAt(path) === "statehall",
  "cargo add": ([name]) => read("Cargo.toml").includes(`[package]\nname = "${name}"\n`),
  "cargo run --package": ([name]) => /\nmembers = (.*)/.exec(read("Cargo.toml"))[1].split('"').some(isCrate(name)),
  "cargo run --example": ([name]) => existsSync(join(top, `examples/${name}.rs`)),
};

function checkCommand(words, { path }) {
  if (words[0] === "") return;
  const command = Object.keys(checks).find((known) => `${words.join(" ")} `.startsWith(`${known} `));
  assert.ok(command, `teach this test to check "${words.join(" ")}"`);
  const rest = words.slice(command.split(" ").length);
  assert.ok(checks[command](rest, dirname(path)), `"${words.join(" ")}" names something that is not there`);
}

const isCrate = (name) => (folder) =>
  existsSync(join(top, folder, "Cargo.toml")) && read(join(folder, "Cargo.toml")).includes(`name = "${name}"\n`);

function scriptsOf(folder) {
  return JSON.parse(read(join(folder, "package.json"))).scripts;
}

/** The name of the package that a path from outside the checkout leads to. */
function packageAt(path) {
  const folder = path.split("/statehall/")[1];
  return folder && JSON.parse(read(join(folder, "package.json"))).name;
}

test("transcripts hold", { skip: run("transcript").length === 0 }, async () => {
  const folder = join(output, "transcripts");
  mkdirSync(folder);
  for (const [index, block] of run("transcript").entries()) {
    writeFileSync(join(folder, `${index}.txt`), `# ${where(block)}\n${block.code}`);
  }
  const args = ["test", "--quiet", "--test", "transcripts"];
  await execute("cargo", args, { cwd: top, env: { ...process.env, STATEHALL_TRANSCRIPTS: folder } });
});

test("Rust blocks are run by cargo", { skip: run("rust").length === 0 }, () => {
  const paths = new Set(run("rust").map(({ path }) => path));
  for (const path of paths) {
    const include = `include_str!("../${path}")`;
    assert.ok(read("src/lib.rs").includes(include), `src/lib.rs has #[cfg(doctest)] #[doc = ${include}]`);
  }
});

for (const path of documents()) {
  test(`the links of ${path} lead somewhere`, () => {
    const links = [...read(path).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, link]) => link);
    const local = links.filter((link) => !/^[a-z]+:/.test(link));
    const dead = local.filter((link) => !existsSync(join(top, dirname(path), link)));
    assert.deepEqual(dead, []);
  });
}
