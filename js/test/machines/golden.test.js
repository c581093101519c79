/** The golden traces of `tests/machine/traces`: the same as in Rust, in both callback modes. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { cases, run } from "./traces.js";

/** Nobody is told here when a module is asked how it is called, a machine hibernates, or a reply comes too late. */
const heard = (line) => !/^(mode |hibernate$|late$)/.test(line);

const ofCaller = (line) => /^\S+ (gets|exit) /.test(line);
/** What JavaScript cannot show: no function, bounds of the engine alone, time that passes while a function runs. */
const skipped = (found) =>
  found.rules.some(({ answer }) => answer.words[0] === "undef" || answer.actions.some(([verb]) => verb === "busy")) ||
  Object.keys(found.bounds).some((name) => name !== "mailbox" && name !== "postponed") ||
  // JavaScript has one number for 1 and 1.0.
  found.title.startsWith("G42") ||
  found.steps.some((step) => /change-code|reply-to/.test(step));

const folder = fileURLToPath(new URL("../../../tests/machine/traces", import.meta.url));
for (const file of readdirSync(folder).sort()) {
  for (const found of cases(readFileSync(join(folder, file), "utf8"))) {
    if (skipped(found)) continue;
    for (const functions of found.only === undefined ? [false, true] : [found.only]) {
      test(`${file}: ${found.title}${functions ? " (a function per state)" : ""}`, async (t) => {
        const seen = await run(t, found, functions);
        const expected = found.expected.filter(heard).map((line) => line.replace(" undone", ""));
        // Callers hear in a microtask, so their lines are compared by themselves.
        for (const part of [(line) => !ofCaller(line), ofCaller])
          assert.deepEqual(seen.filter(part), expected.filter(part));
      });
    }
  }
}
