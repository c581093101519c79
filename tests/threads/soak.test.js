/** The soak in small: "make soak" goes on for longer, and follows the memory. */

import { test } from "node:test";
import { soak } from "../soak/soak.mjs";
import { startThreads } from "../soak/threads.mjs";

test("twenty seconds of joins, leaves, bursts and kills in threads", { timeout: 180_000 }, async (t) => {
  await soak(await startThreads(), { seconds: 20, seed: 1, print: (line) => t.diagnostic(line) });
});
