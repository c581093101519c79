/**
 * One process of the bench: contexts in memory, each operation timed by itself and after the one before it. Writes rows
 * as JSON.
 *
 * The operations take turns, some hundreds each, and the first turns warm up.
 */

import { openBench } from "../store/hall.mjs";
import { quantileRows } from "./quantiles.mjs";

const TURN = 500;
const TURNS_WARM = 8;
const TURNS = 20;

const hall = await openBench();
const plan = hall.context("plan");
await plan.create({ step: 0, status: "running" });
let version = 1;

const operations = {
  async replace() {
    const commit = await plan.replace({ step: version, status: "running" }, { expect: version });
    if (!commit.committed || commit.version !== ++version) throw new Error("a replacement was refused");
  },
  async "acquire and release"() {
    const lease = await plan.acquire();
    if (!(await lease.release())) throw new Error("a lease was lost");
  },
};

const times = Object.fromEntries(Object.keys(operations).map((name) => [name, []]));
for (let turn = 0; turn < TURNS_WARM + TURNS; turn++) {
  for (const [name, operation] of Object.entries(operations)) {
    await new Promise(setImmediate);
    for (let i = 0; i < TURN; i++) {
      const start = process.hrtime.bigint();
      await operation();
      const took = Number(process.hrtime.bigint() - start);
      if (turn >= TURNS_WARM) times[name].push(took);
    }
  }
}
hall.close();
const rows = Object.entries(times).flatMap(([name, taken]) => quantileRows("statehall, in memory", name, taken));
process.stdout.write(JSON.stringify(rows));
