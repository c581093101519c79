/** Runs examples/jco: the component in Node, after jco has made JavaScript modules of it. */

import assert from "node:assert/strict";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { assertComponent, run, tells, top } from "./story.js";

test("the component, transpiled by jco, runs in Node", async () => {
  assertComponent();
  const cwd = join(top, "examples/jco");
  assert.ok(existsSync(join(cwd, "node_modules")), 'jco is not installed: "make test-hosts" does it');
  rmSync(join(cwd, "dist"), { recursive: true, force: true });
  await run("npm", ["run", "build"], { cwd });
  await tells(process.execPath, ["main.mjs"], { cwd });
});
