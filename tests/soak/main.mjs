/**
 * The soak for people:
 *
 *     node main.mjs [minutes] [seed] [threads|browser]     both platforms, one after the other, unless one is named
 */

import { startPages } from "./pages.mjs";
import { soak } from "./soak.mjs";
import { startThreads } from "./threads.mjs";

const [minutes = "10", seed = String(Date.now() % 1_000_000), only] = process.argv.slice(2);
const platforms = { threads: startThreads, browser: startPages };

for (const [name, start] of Object.entries(platforms)) {
  if (only && only !== name) continue;
  const platform = await start();
  try {
    await soak(platform, { seconds: Number(minutes) * 60, seed: Number(seed), print: (line) => console.log(line) });
    console.log(`${platform.name}: all is well`);
  } finally {
    await platform.stop();
  }
}
