/** sw4rm-sdk beside the contexts, where Python is installed and its package can be; see contexts.py. */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { setUp } from "../../../hosts/python.mjs";
import { quantileRows } from "../contexts/quantiles.mjs";

const program = fileURLToPath(new URL("contexts.py", import.meta.url));
const packages = {
  name: "the bench",
  environment: ".tools/python-bench",
  requirements: "tests/bench/js/foreign/requirements.txt",
  imports: "sw4rm.shared_context",
  oldest: [3, 9],
  // What it depends on is for its network clients, which are not measured.
  flags: ["--no-deps"],
};

/** `{ run }`, where each run gives rows and the version, or the `reason` why it cannot be run. */
export function sw4rm() {
  const { python, reason } = setUp(packages);
  return reason ? { reason } : { run: () => run(python) };
}

function run(python) {
  const { status, stdout, stderr } = spawnSync(python, ["-B", program], {
    encoding: "utf8",
    timeout: 60_000,
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) throw new Error(`the program in Python failed: ${stderr}`);
  const { version, times } = JSON.parse(stdout);
  const rows = Object.entries(times).flatMap(([name, taken]) =>
    quantileRows("sw4rm-sdk's SharedContextManager, in Python", name, taken),
  );
  return { rows, versions: { "sw4rm-sdk": version } };
}
