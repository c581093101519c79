/** The soak in small: "make soak" goes on for longer, and follows the memory. */

import { test } from "node:test";
import { startPages } from "../soak/pages.mjs";
import { soak } from "../soak/soak.mjs";

test("twenty seconds of joins, leaves, bursts and kills in workers of tabs", { timeout: 180_000 }, async (t) => {
  const pages = await startPages();
  try {
    await soak(pages, { seconds: 20, seed: 1, print: (line) => t.diagnostic(line) });
  } finally {
    await pages.stop();
  }
});
