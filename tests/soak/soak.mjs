/**
 * Four workers in one hall, for as long as asked: bursts of writes, workers that leave, workers that are killed in the
 * middle of a burst, and others that come in their place. One of the four stays to the end, so that its memory can be
 * followed. At the end all must hold the same, must have heard every change once, and must have nothing to report.
 */

import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";

const PLACES = 4;
const SAMPLE_MS = 10_000;
/** For how long those that are left may go on to differ. */
const PATIENCE_MS = 60_000;
/** After this long the memory has settled: the tombstones are as many as they may be, code is compiled. */
const WARM_MS = 120_000;
/** How long a killed session may be remembered: 100 s, and the time of a ping. */
const GONE_MS = 140_000;

/** Runs the scenario on a platform; prints lines, returns what happened. Rejects if something is wrong. */
export async function soak(platform, { seconds, seed, print }) {
  const crew = new Crew(platform, seed);
  const samples = [];
  try {
    print(`${platform.name}, ${seconds} s, seed ${seed}`);
    const began = Date.now();
    for (let place = 0; place < PLACES; place++) await crew.join(place);
    let sampled = Date.now();
    while (Date.now() - began < seconds * 1_000) {
      await crew.step();
      if (Date.now() - sampled >= SAMPLE_MS) {
        sampled = Date.now();
        samples.push(await crew.sample(sampled - began, print));
      }
    }
    await crew.settle(print);
    samples.push(await crew.sample(Date.now() - began, print));
    if (seconds * 1_000 > GONE_MS) await crew.untilForgotten(print);
    await crew.checkErrors();
    checkFlat(samples, print);
    return { ...crew.counts, samples };
  } finally {
    await crew.end();
  }
}

class Crew {
  counts = { joins: 0, leaves: 0, kills: 0, bursts: 0 };
  #workers = [];
  #bursts = new Set();
  #errors = [];

  constructor(platform, seed) {
    this.platform = platform;
    this.random = randomFrom(seed);
  }

  async join(place) {
    this.counts.joins++;
    const worker = await this.platform.start(`w${place}`);
    this.#workers[place] = worker;
    if (this.random() < 0.5) await worker.ask("ready");
  }

  /** One thing happens. */
  async step() {
    const dice = this.random();
    const place = 1 + Math.floor(this.random() * (PLACES - 1));
    if (dice < 0.06) await this.leave(place);
    else if (dice < 0.12) await this.kill(place);
    else this.burst(Math.floor(this.random() * PLACES));
    await delay(50 + this.random() * 250);
  }

  burst(place) {
    this.counts.bursts++;
    const argument = { seed: Math.floor(this.random() * 2 ** 31), turns: Math.floor(this.random() * 60) };
    const burst = this.#workers[place].ask("burst", argument);
    this.#bursts.add(burst);
    burst.catch((error) => this.#errors.push(String(error))).finally(() => this.#bursts.delete(burst));
  }

  async leave(place) {
    this.counts.leaves++;
    await this.#look(place);
    await this.#workers[place].ask("leave");
    await this.#workers[place].kill();
    await this.join(place);
  }

  /** Kills a worker, mostly in the middle of a burst. */
  async kill(place) {
    this.counts.kills++;
    await this.#look(place);
    this.burst(place);
    await delay(this.random() * 50);
    await this.#workers[place].kill();
    await this.join(place);
  }

  /** Notes what a worker has against what it heard, before it goes. */
  async #look(place) {
    const { errors, jumps } = await this.#workers[place].ask("measure");
    this.#errors.push(...errors, ...jumps);
  }

  async sample(ms, print) {
    const measured = await Promise.all(this.#workers.map((worker) => worker.measure()));
    const [stays] = measured;
    const wasm = Math.max(...measured.map(({ wasm }) => wasm));
    const resident = await this.platform.resident();
    const { entries, bytes, tombstones, sessions, framesDropped } = stays.usage;
    const { joins, leaves, kills, bursts } = this.counts;
    const megabytes = (count) => (count === undefined ? "?" : (count / 2 ** 20).toFixed(2));
    print(
      `${String(Math.round(ms / 1_000)).padStart(5)} s: ${joins} joined, ${leaves} left, ${kills} killed, ${bursts} bursts; ` +
        `${entries} entries of ${bytes} bytes, ${tombstones} tombstones, ${sessions} sessions, ${framesDropped} dropped, ` +
        `${stays.heard} heard; heap ${megabytes(stays.heap)}, wasm ${megabytes(stays.wasm)} (of any ${megabytes(wasm)}), ` +
        `processes ${megabytes(resident)} MiB`,
    );
    return { ms, heap: stays.heap, wasm, resident, tombstones, sessions };
  }

  /** Waits until nobody writes any more and all hold the same. */
  async settle(print) {
    await Promise.allSettled(this.#bursts);
    const began = Date.now();
    for (;;) {
      const states = await Promise.all(this.#workers.map((worker) => worker.ask("state")));
      if (new Set(states).size === 1) break;
      assert.ok(Date.now() - began < PATIENCE_MS, "the workers still differ");
      await delay(50);
    }
    print(`all ${PLACES} agree ${Date.now() - began} ms after the last burst`);
  }

  /** Waits until those who were killed are forgotten. */
  async untilForgotten(print) {
    const began = Date.now();
    for (;;) {
      const measured = await Promise.all(this.#workers.map((worker) => worker.ask("measure")));
      if (measured.every(({ usage }) => usage.sessions === PLACES)) break;
      assert.ok(Date.now() - began < GONE_MS, `there are ${measured[0].usage.sessions} sessions, not ${PLACES}`);
      await delay(500);
    }
    print(`the killed are forgotten after another ${Math.round((Date.now() - began) / 1_000)} s`);
    await this.settle(print);
  }

  async checkErrors() {
    for (let place = 0; place < PLACES; place++) await this.#look(place);
    assert.deepEqual(this.#errors, [], "what was reported, or not heard as it should have been");
  }

  async end() {
    await Promise.all(this.#workers.map((worker) => worker?.kill()));
  }
}

/** The memory at the end must be what it was when it had settled. */
function checkFlat(samples, print) {
  for (const { tombstones } of samples) assert.ok(tombstones <= 1_500, `${tombstones} tombstones`);
  const settled = samples.filter(({ ms }) => ms >= WARM_MS);
  if (settled.length < 6) return;
  const third = Math.floor(settled.length / 3);
  const mean = (part, what) => part.reduce((sum, sample) => sum + sample[what], 0) / part.length;
  /** Of each: the share that it may grow by, and as many bytes. Processes keep more than is in use, and give it back late. */
  const allowed = { heap: [0.05, 2 ** 20], wasm: [0.05, 2 ** 17], resident: [0.25, 2 ** 25] };
  for (const [what, [share, bytes]] of Object.entries(allowed)) {
    if (settled.some((sample) => sample[what] === undefined)) continue;
    const [before, after] = [mean(settled.slice(0, third), what), mean(settled.slice(-third), what)];
    print(`${what}: ${Math.round(before)} bytes in the first third, ${Math.round(after)} in the last`);
    assert.ok(after <= before * (1 + share) + bytes, `${what} has grown from ${before} to ${after} bytes`);
  }
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
