/** Measuring one kind of work after another, where each needs a hall of a size of its own. */

import { summary } from "../store/measure.mjs";

const SAMPLES = 15;
const WARM = 6;
/** A sample does not take much longer than this. */
const SAMPLE_MS = 20;

/**
 * Nanoseconds for each of at most `most` operations: fewer, if they take long. `operation` is given their numbers;
 * `turns` says that it is to be waited for. `before` is done before each sample and not measured.
 */
export async function operations(most, operation, { turns = false, before = () => {} } = {}) {
  let count = Math.min(most, 10);
  const taken = [];
  for (let i = 0; i < WARM + SAMPLES; i++) {
    before();
    await new Promise(setImmediate);
    const start = process.hrtime.bigint();
    for (let n = 0; n < count; n++) {
      operation(n);
      if (turns) await null;
    }
    const took = Number(process.hrtime.bigint() - start) / count;
    if (i >= WARM) taken.push(took);
    else count = Math.max(1, Math.min(most, count * 10, Math.ceil((SAMPLE_MS * 1e6) / took)));
  }
  return summary(taken);
}

/** Milliseconds of one long task. `prepare` is not measured; what it gives is what the task works on. */
export async function task(work, prepare = () => {}) {
  const taken = [];
  for (let i = 0; i < 3; i++) {
    const prepared = await prepare();
    await new Promise(setImmediate);
    const start = process.hrtime.bigint();
    work(prepared);
    taken.push(Number(process.hrtime.bigint() - start) / 1e6);
  }
  return summary(taken);
}

/** A number that was counted, as one that was measured. */
export const exactly = (number) => ({ median: number, min: number });
