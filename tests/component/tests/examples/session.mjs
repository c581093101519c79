/**
 * A session of the npm package that is told what to do in lines of words, time included: one side of the tests of
 * examples.rs. Each request but `open` ends its turn; what it asks for comes back as lines, then `done`.
 *
 *     open <seed>                      put <key> <CBOR in hex> [<milliseconds to live>]     delete <key>
 *     at <milliseconds>                receive <frame in hex>                               clear [<selector>]
 *     frames                           map                                                  snapshot
 */

import { createInterface } from "node:readline";
import { decode, encode } from "../../../../js/dist/codec.js";
import { openHall } from "../../../../js/dist/entry/inline.js";

const hex = (bytes) => Buffer.from(bytes).toString("hex");
const bytes = (text) => new Uint8Array(Buffer.from(text ?? "", "hex"));

let now = 1_000;
let timers = [];
const clock = {
  now: () => now,
  monotonic: () => now,
  setTimer(wake, delay) {
    const timer = { at: now + Math.max(delay, 0), wake };
    timers.push(timer);
    return () => {
      timers = timers.filter((other) => other !== timer);
    };
  },
};

let hall;
let receive;
let outbox = [];
const adapter = {
  open(joined) {
    receive = joined.receive;
  },
  send: (frame) => outbox.push(hex(frame)),
  close() {},
};

const requests = {
  open(seed) {
    hall?.close();
    [now, timers, outbox] = [1_000, [], []];
    hall = openHall({ name: "trip", agent: `npm ${seed}`, share: [adapter], clock, seed: BigInt(seed) });
  },
  at(ms) {
    now = Number(ms);
    for (const due of timers.filter((timer) => timer.at <= now)) {
      timers = timers.filter((timer) => timer !== due);
      due.wake();
    }
  },
  put(key, value, ttl) {
    hall.put(key, decode(bytes(value)), ttl ? { ttl: Number(ttl) } : {});
  },
  delete(key) {
    hall.delete(key);
  },
  clear(selector) {
    hall.clear(selector);
  },
  receive(frame) {
    receive(bytes(frame));
  },
  frames: () => outbox.splice(0),
  map: () => [...hall.toMap()].map(([key, value]) => `${key} ${hex(encode(value))}`),
  snapshot: () => [hex(hall.snapshot())],
};

for await (const line of createInterface({ input: process.stdin })) {
  const [name, ...words] = line.split(" ");
  const answer = requests[name](...words) ?? [];
  await new Promise((resolve) => setImmediate(resolve)); // the turn ends, and what was written is told
  process.stdout.write([...answer, "done", ""].join("\n"));
}
