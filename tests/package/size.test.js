/** What a user downloads stays within its budget. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { budgets } from "../bench/js/promises.mjs";
import { jsSize, wasmSize } from "../bench/js/sizes.mjs";

test("the kernel is within its budget", () => {
  const size = wasmSize();
  assert.ok(size <= budgets.wasm, `core_bg.wasm has ${size} bytes gzipped, ${budgets.wasm} are the most`);
});

test("the main entry's own JavaScript is within its budget", async (t) => {
  const { gzipped, files } = await jsSize();
  const largest = files.slice(0, 5).map(({ path, bytes }) => `${path} ${bytes}`);
  t.diagnostic(`${gzipped} bytes gzipped; the largest files, minified: ${largest.join(", ")}`);
  assert.ok(
    gzipped <= budgets.js,
    `it has ${gzipped} bytes minified and gzipped, ${budgets.js} are the most; the largest files: ${largest.join(", ")}`,
  );
  // Whoever measures nothing is within every budget.
  assert.ok(files.some(({ path, bytes }) => path.endsWith("dist/hall.js") && bytes > 1_000));
});
