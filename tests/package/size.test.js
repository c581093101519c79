/** What a user downloads stays within its budget; where that is not kept yet, it does not grow. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { budgets, ceilings } from "../bench/js/promises.mjs";
import { jsSize, wasmSize } from "../bench/js/sizes.mjs";

/** Fails past the ceiling, and when a budget is kept whose ceiling is still there, or the ceiling has become loose. */
function check(t, name, bytes, most, ceiling) {
  t.diagnostic(`${name}: ${bytes} bytes gzipped, of a budget of ${most} (${(bytes / most).toFixed(2)}x)`);
  assert.ok(bytes <= ceiling, `${name} has ${bytes} bytes gzipped, ${ceiling} are the most`);
  assert.ok(
    ceiling <= Math.max(most, bytes * 1.02),
    `${name} has ${bytes} bytes gzipped: lower its ceiling of ${ceiling}`,
  );
}

test("the kernel", (t) => check(t, "core_bg.wasm", wasmSize(), budgets.wasm, ceilings.wasm));

test("the main entry's own JavaScript", async (t) => {
  const { gzipped, files } = await jsSize();
  const largest = files.slice(0, 5).map(({ path, bytes }) => `${path} ${bytes}`);
  t.diagnostic(`the largest files, minified: ${largest.join(", ")}`);
  check(t, "the JavaScript", gzipped, budgets.js, ceilings.js);
  // Whoever measures nothing is within every budget.
  assert.ok(files.some(({ path, bytes }) => path.endsWith("dist/hall.js") && bytes > 1_000));
});
