/**
 * An adapter of one's own that loses, doubles and reorders what it carries: the halls at its ends agree all the same.
 *
 * Time is the test's own, so a run is over at once and its seed reproduces it.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { openHall } from "../../js/dist/entry/inline.js";

const LOST = 0.3;
const DOUBLED = 0.2;
const LATEST_MS = 400;

/** Virtual time: what is due runs in order, and each has its turn of the real loop. */
class Time {
  now = Date.UTC(2030, 0, 1);
  #due = [];

  clock = {
    now: () => this.now,
    monotonic: () => this.now,
    setTimer: (wake, delay) => this.after(delay, wake),
  };

  after(delay, work) {
    const item = { at: this.now + delay, work };
    this.#due.push(item);
    return () => {
      this.#due = this.#due.filter((other) => other !== item);
    };
  }

  async advance(ms) {
    const end = this.now + ms;
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve)); // turns of halls end in microtasks
      this.#due.sort((a, b) => a.at - b.at); // stable: what is due at once stays in order
      if (this.#due.length === 0 || this.#due[0].at > end) break;
      const { at, work } = this.#due.shift();
      this.now = Math.max(this.now, at);
      work();
    }
    this.now = end;
  }
}

/** The adapters of a bus that treats frames badly while `bad` is set. */
class Bus {
  bad = true;
  carried = { sent: 0, lost: 0, doubled: 0 };
  #ends = new Set();

  constructor(time, random) {
    this.time = time;
    this.random = random;
  }

  adapter() {
    const end = { receive: undefined };
    return {
      open: ({ receive }) => {
        end.receive = receive;
        this.#ends.add(end);
      },
      send: (frame) => {
        for (const other of this.#ends) if (other !== end) this.#carry(frame, other);
      },
      close: () => this.#ends.delete(end),
    };
  }

  #carry(frame, to) {
    this.carried.sent++;
    if (this.bad && this.random() < LOST) {
      this.carried.lost++;
      return;
    }
    const twice = this.bad && this.random() < DOUBLED;
    if (twice) this.carried.doubled++;
    for (let copies = twice ? 2 : 1; copies > 0; copies--) {
      const delay = this.bad ? this.random() * LATEST_MS : 1;
      this.time.after(delay, () => this.#ends.has(to) && to.receive(frame.slice()));
    }
  }
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomFrom(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Halls that write and delete the same keys over a bad bus, one of which joins in the middle. */
async function scenario(seed) {
  const random = randomFrom(seed);
  const time = new Time();
  const bus = new Bus(time, random);
  const reported = [];
  const open = (number) =>
    openHall({
      name: "lossy",
      agent: `agent-${number}`,
      share: [bus.adapter()],
      clock: time.clock,
      seed: BigInt(seed) * 16n + BigInt(number),
      limits: { frameBytes: 1_024 }, // so that answers go in several parts
      onError: (error) => reported.push(error),
    });

  const halls = [open(0), open(1)];
  const heard = new Map();
  halls[0].watch("**", ({ key, old, value }) => {
    assert.deepEqual(old, heard.get(key), `seed ${seed}: ${key} was heard twice or not at all`);
    heard.set(key, value);
  });
  for (let step = 0; step < 60; step++) {
    if (step === 30) halls.push(open(2));
    for (const hall of halls) {
      const key = `keys/${Math.floor(random() * 12)}`;
      if (random() < 0.25) hall.delete(key);
      else hall.put(key, { by: hall.agent, step, text: "x".repeat(random() * 300) });
    }
    await time.advance(random() * 60);
  }

  // Pings come every thirty seconds and get lost, too.
  const states = () =>
    halls.map((hall) => JSON.stringify([...hall.toMap()].map(([key, { by, step }]) => [key, by, step])));
  let waited = 0;
  for (; new Set(states()).size > 1 && waited < 600_000; waited += 5_000) await time.advance(5_000);
  assert.equal(new Set(states()).size, 1, `seed ${seed}: the halls still differ after ten minutes`);
  for (const [key, value] of heard) if (value === undefined) heard.delete(key);
  assert.deepEqual(heard, halls[0].toMap(), `seed ${seed}: what was heard last is what there is`);
  assert.deepEqual(reported, [], `seed ${seed}`);
  for (const hall of halls) hall.close();
  return { waited, ...bus.carried };
}

test("three halls agree although frames are lost, doubled and reordered", { timeout: 120_000 }, async (t) => {
  const total = { sent: 0, lost: 0, doubled: 0 };
  let longest = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const { waited, ...carried } = await scenario(seed);
    longest = Math.max(longest, waited);
    for (const what of Object.keys(total)) total[what] += carried[what];
  }
  assert.ok(total.lost > 1_000 && total.doubled > 500, "the bus was not bad enough");
  t.diagnostic(
    `${total.sent} frames, ${total.lost} lost, ${total.doubled} doubled; agreed within ${longest / 1_000} s`,
  );
});
