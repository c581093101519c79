/**
 * How operations are measured.
 *
 * The subjects of a case are all open in one process and take turns, a sample each a round, in an order that changes
 * from round to round. A sample is the mean of many operations: 10,000, or as many as fit into some milliseconds, so
 * that a subject that takes milliseconds for one operation takes part as well; such a slow one gives a sample in every
 * sixth round only, because what it leaves behind (megabytes of garbage, cold caches) would disturb all others.
 *
 * Before each sample the same work is done once without being measured: what is measured is a program that is at it, and
 * not how fast memory comes back after somebody else has used the caches. Between the two the event loop turns, so that
 * nobody measures what another has put off; a subject that is to be measured with what it puts off waits for it itself.
 * After either, the subject's own check says whether everything has happened.
 */

import { ORDER, randomFrom, scattered, shuffled } from "./keys.mjs";

const ROUNDS = 60;
/** How often the work is done before it is measured, and how long a sample may take. */
const LAPS_WARM = 12;
const SAMPLE_MS = 20;
/** Who does fewer operations in a sample than this is slow, and takes part in every so many rounds. */
const FEW = 1_000;
const SELDOM = 6;

/** Measures the subjects of a case, in nanoseconds an operation: the median and the minimum of each. */
export async function measure({ keys, subjects }, rounds = ROUNDS) {
  const order = scattered(keys);
  const runners = [];
  for (const { name, open } of subjects) {
    const runner = { name, subject: await open(), order, operations: 1, at: 0, samples: [] };
    await warmUp(runner);
    runners.push(runner);
  }
  const random = randomFrom(7);
  for (let round = 0; round < rounds; round++) {
    for (const runner of shuffled(runners, random)) {
      if (runner.operations < FEW && round % SELDOM > 0) continue;
      const turn = next(runner);
      await lap(runner, turn);
      runner.samples.push(await lap(runner, turn));
    }
  }
  for (const { subject } of runners) subject.close?.();
  return runners.map(({ name, samples, operations }) => ({ subject: name, ...summary(samples), operations }));
}

/** Lets a subject be compiled, and finds out how many operations make a sample. */
async function warmUp(runner) {
  for (;;) {
    // The least of some, because one that was disturbed says nothing.
    let ns = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 6; i++) ns = Math.min(ns, await lap(runner, next(runner)));
    const fitting = Math.floor((SAMPLE_MS * 1e6) / ns);
    if (runner.operations === ORDER || fitting < runner.operations * 2) break;
    runner.operations = Math.min(ORDER, runner.operations * 4, fitting);
  }
  for (let i = 0; i < LAPS_WARM && runner.operations >= FEW; i++) await lap(runner, next(runner));
}

/** The keys of the next sample: all subjects go through the same order. */
function next(runner) {
  if (runner.at + runner.operations > ORDER) runner.at = 0;
  return runner.order.slice(runner.at, (runner.at += runner.operations));
}

/** Does the work once; returns nanoseconds an operation. */
async function lap({ subject }, turn) {
  await new Promise(setImmediate);
  const before = subject.before?.(turn);
  const start = process.hrtime.bigint();
  const result = subject.run(turn);
  // Waiting takes time as well, so only those wait that have something to wait for.
  if (result instanceof Promise) await result;
  const took = Number(process.hrtime.bigint() - start);
  subject.check(turn, before, result);
  return took / turn.length;
}

/** The median and the minimum of samples. */
export function summary(samples) {
  return { median: median(samples), min: Math.min(...samples) };
}

export function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
