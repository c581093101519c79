/**
 * An empty project in which the packed tarball is installed, as a user gets it. The programs in it are those of project/.
 *
 * Whoever runs them says with `versions` what they were run by, so that a report says what was tested.
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const timeout = 60_000;
export const js = fileURLToPath(new URL("../../js", import.meta.url));

/** Where the project is. Its real path: some bundlers tell a link to a folder from the folder. */
export const project = realpathSync(mkdtempSync(join(tmpdir(), "statehall-package-")));
process.on("exit", () => rmSync(project, { recursive: true, force: true }));

/** A folder in the project for what a test builds. */
export const output = (name) => join(project, "output", name);

/** Runs a program in the project and returns what it prints; it fails with that, and may print no complaint. */
export async function run(program, args, options = {}) {
  const settings = { cwd: project, timeout, maxBuffer: 2 ** 24, ...options };
  const { stdout, stderr } = await promisify(execFile)(program, args, settings).catch((error) =>
    assert.fail(`${program} ${args.join(" ")}: ${error.message}\n${error.stdout}${error.stderr}`),
  );
  if (!options.complains) assert.equal(stderr, "", `${program} ${args.join(" ")} complains`);
  return stdout;
}

/** Runs a program of the project in this Node. */
export const runNode = (...args) => run(process.execPath, args);

/** Says in the report what the test was run by. */
export function versions(t, named) {
  t.diagnostic(
    Object.entries(named)
      .map(([name, version]) => `${name} ${version}`)
      .join(", "),
  );
}

/** The folder of an installed npm package, whatever it exports. */
export function folderOf(name) {
  const folders = createRequire(import.meta.url).resolve.paths(name);
  return folders.map((folder) => join(folder, name)).find((folder) => existsSync(join(folder, "package.json")));
}

/** The version of an installed npm package. */
export const versionOf = (name) => JSON.parse(readFileSync(join(folderOf(name), "package.json"), "utf8")).version;

/** What project/exercise.js returns; in a window, and only there, all who open a hall by one name are in one hall. */
export const expected = ({ sameHallForAll }) => ({
  value: "done",
  keys: ["agents/a~1b/status", "agents/planner/status"],
  heard: [
    { key: "agents/planner/status", old: null, value: "thinking", origin: "planner" },
    { key: "agents/a~1b/status", old: null, value: { step: 1 }, origin: "planner" },
    { key: "agents/planner/status", old: "thinking", value: "done", origin: "planner" },
  ],
  refused: "invalid-value",
  sameHallForAll,
});

cpSync(new URL("project", import.meta.url), project, { recursive: true });

// npm complains of settings that it does not know, and those are the user's own.
const npm = { complains: true };
const pack = ["pack", "--json", "--silent", "--pack-destination", project];

/** What npm says of the tarball. */
export const [packed] = JSON.parse(await run("npm", pack, { ...npm, cwd: js }));
export const tarball = join(project, packed.filename);
await run("npm", ["install", tarball, "--offline", "--no-audit", "--no-fund"], npm);
