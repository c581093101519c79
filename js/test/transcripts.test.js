/**
 * Runs the transcripts: behaviour as text, the same for every face.
 *
 * `STATEHALL_TRANSCRIPTS` names more folders, separated by `:`. The grammar is in `tests/transcripts/README.md`; the
 * Rust face has a runner of its own. A step that says `skip npm: <reason>` is not run here, and the reason is printed.
 */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { delimiter, join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "./support/script.js";
import { World } from "./support/world.js";

const own = fileURLToPath(new URL("../../tests/transcripts", import.meta.url));
const others = (process.env.STATEHALL_TRANSCRIPTS ?? "").split(delimiter).filter((folder) => folder !== "");
const files = [own, ...others].flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".txt"))
    .sort()
    .map((name) => join(folder, name)),
);

test("there are transcripts", () => assert.ok(files.length > 0));

for (const file of files) {
  test(relative(own, file), async (t) => {
    const world = new World(1n);
    t.after(() => world.close());
    let restSkipped = false;
    for (const step of parse(readFileSync(file, "utf8"))) {
      const skip = step.skips.find(({ runner }) => runner === "npm");
      if (skip) t.diagnostic(`${file}:${step.line}: skipped: ${skip.reason}`);
      // A skip without a command is for the rest of the file.
      restSkipped ||= skip !== undefined && step.commands.length === 0;
      if (skip || restSkipped) continue;
      assert.deepEqual(arranged(await world.run(step.commands)), arranged(step.expected), `${file}:${step.line}`);
    }
  });
}

/** The lines with those of each watch together: only their order within a watch is promised. */
function arranged(lines) {
  const arranged = { replies: [] };
  for (const line of lines) {
    const [, watch] = /^(?:notify|reply) (\S+)/.exec(line) ?? [];
    if (watch === undefined) arranged.replies.push(line);
    else (arranged[`watch ${watch}`] ??= []).push(line);
  }
  return arranged;
}
