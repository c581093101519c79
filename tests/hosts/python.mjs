/**
 * The Python that runs examples/python, with its packages in an environment of their own: .tools/python.
 *
 * Run as a program it sets that up, and never fails: a machine without Python can still build and test everything else.
 * What is missing is the reason for which the test is skipped.
 */

import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const top = fileURLToPath(new URL("../..", import.meta.url));
const environment = join(top, ".tools/python");
const requirements = join(top, "examples/python/requirements.txt");
/** What is installed; written last, so an interrupted installation is none. */
const installed = join(environment, "installed.txt");
/** The oldest that cbor2 6 runs on. */
const oldest = [3, 10];

/** The Python of the environment, or the reason why there is none: `{ python }` or `{ reason }`. */
export function setUp() {
  const python = join(environment, "bin/python");
  const same = existsSync(installed) && readFileSync(installed, "utf8") === readFileSync(requirements, "utf8");
  // An environment outlives neither its Python nor a move of the checkout.
  if (same && attempt(python, ["-c", "import cbor2, wasmtime.component"]) === undefined) return { python };
  const reason = missing() ?? install(python);
  if (reason === undefined) return { python };
  rmSync(environment, { recursive: true, force: true });
  return { reason };
}

function missing() {
  const [major, minor] = oldest;
  const compare = `import sys; sys.exit(None if sys.version_info >= (${major}, ${minor}) else "python3 is older")`;
  const failure = attempt("python3", ["-c", compare]);
  return failure && `it needs Python ${major}.${minor} or newer, and ${failure}`;
}

function install(python) {
  console.log("Installing the Python packages of examples/python into .tools/python.");
  const made = attempt("python3", ["-m", "venv", "--clear", environment]);
  if (made) return `python3 cannot make a virtual environment: ${made}`;
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1", "--timeout", "20"];
  const filled = attempt(python, [...pip, "--requirement", requirements]);
  if (filled) return `pip cannot install examples/python/requirements.txt, which needs the network: ${filled}`;
  copyFileSync(requirements, installed);
}

/** Runs a program; returns the last line of what it says if it fails. */
function attempt(program, args) {
  const { error, status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8", timeout: 300_000 });
  if (error) return error.code === "ENOENT" ? `${program} is missing` : error.message;
  if (status === 0) return undefined;
  return `${stdout}\n${stderr}`.trim().split("\n").at(-1) || `it ends with ${status}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { reason } = setUp();
  if (reason) console.log(`The test of examples/python will be skipped: ${reason}.`);
}
