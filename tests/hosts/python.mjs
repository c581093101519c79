/**
 * A Python with packages in an environment of their own: .tools/python for examples/python, another for the bench.
 *
 * Run as a program it sets that up, and never fails: a machine without Python can still build and test everything else.
 * What is missing is the reason for which the test is skipped.
 */

import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const top = fileURLToPath(new URL("../..", import.meta.url));
/** What examples/python needs: where from, what its programs import, and the oldest Python that cbor2 6 runs on. */
const example = {
  name: "examples/python",
  environment: ".tools/python",
  requirements: "examples/python/requirements.txt",
  imports: "cbor2, wasmtime.component",
  oldest: [3, 10],
};

/** The Python of an environment, or the reason why there is none: `{ python }` or `{ reason }`. */
export function setUp({ name, imports, oldest, flags = [], ...paths } = example) {
  const environment = join(top, paths.environment);
  const requirements = join(top, paths.requirements);
  /** What is installed; written last, so an interrupted installation is none. */
  const installed = join(environment, "installed.txt");
  const python = join(environment, "bin/python");
  const same = existsSync(installed) && readFileSync(installed, "utf8") === readFileSync(requirements, "utf8");
  // An environment outlives neither its Python nor a move of the checkout.
  if (same && attempt(python, ["-c", `import ${imports}`]) === undefined) return { python };
  const announce = () => console.log(`Installing the Python packages of ${name} into ${paths.environment}.`);
  const reason = missing(oldest) ?? announce() ?? install(python, environment, paths.requirements, flags);
  if (reason === undefined) {
    copyFileSync(requirements, installed);
    return { python };
  }
  rmSync(environment, { recursive: true, force: true });
  return { reason };
}

function missing(oldest) {
  const [major, minor] = oldest;
  const compare = `import sys; sys.exit(None if sys.version_info >= (${major}, ${minor}) else "python3 is older")`;
  const failure = attempt("python3", ["-c", compare]);
  return failure && `it needs Python ${major}.${minor} or newer, and ${failure}`;
}

function install(python, environment, requirements, flags) {
  const made = attempt("python3", ["-m", "venv", "--clear", environment]);
  if (made) return `python3 cannot make a virtual environment: ${made}`;
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1", "--timeout", "20"];
  const filled = attempt(python, [...pip, ...flags, "--requirement", join(top, requirements)]);
  if (filled) return `pip cannot install ${requirements}, which needs the network: ${filled}`;
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
