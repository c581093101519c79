/** Runs examples/python: the component under wasmtime's Python package. Skipped, with the reason, where that is not. */

import { join } from "node:path";
import { test } from "node:test";
import { setUp } from "./python.mjs";
import { assertComponent, tells, top } from "./story.js";

const { python, reason } = setUp();

test("the component runs under wasmtime's Python package", { skip: reason }, async () => {
  assertComponent();
  // Warnings are errors, and -B keeps compiled files out of the checkout.
  await tells(python, ["-B", "-W", "error", "main.py"], { cwd: join(top, "examples/python") });
});
