/** What the examples for other hosts tell: one story, so the same lines on each of them. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const top = fileURLToPath(new URL("../..", import.meta.url));
const component = join(top, "target/component/statehall.component.wasm");

const story = `\
plan/city: absent -> "Porto", says planner
plan/days: absent -> 3, says critic
plan/stops: absent -> [{"city":"Porto","price":79.5},{"city":"Braga","price":62.25}], says critic
second stop: Braga
hotel: undecided
too late: yes
refused: invalid-key
restored: Porto
`;

/** Runs a program and returns what it prints; fails with all that it printed if it fails. */
export async function run(program, args, options) {
  const { stdout } = await promisify(execFile)(program, args, options).catch((error) =>
    assert.fail(`${program} ${args.join(" ")}: ${error.message}\n${error.stdout ?? ""}`),
  );
  return stdout;
}

/** Fails unless the program tells the story. */
export async function tells(program, args, options) {
  assert.equal(await run(program, args, options), story);
}

export function assertComponent() {
  assert.ok(existsSync(component), 'the component is not built: "make component" does it');
}
