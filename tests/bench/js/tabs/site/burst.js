/**
 * A burst of puts, until the other tab has the last value of every key: through a hall, and as one message for each put
 * over a BroadcastChannel into a Map. The other tab checks every key, and says when it is done.
 */

import { openHall } from "/dist/entry/inline.js";
import { later, turn } from "./waiting.js";

const KEYS = 1_000;
/** So that keys are visited in scattered order: it has no factor in common with their number. */
const STEP = 619;
const names = Array.from({ length: KEYS }, (_, n) => `agents/${n}/status`);

let hall;
let channel;
let control;

export async function join(agent) {
  hall = openHall({ name: "burst", agent });
  channel = new BroadcastChannel("burst");
  control = new BroadcastChannel("burst-control");
  await hall.ready;
}

/** Receives, and reports each complete burst. */
export function receive() {
  const map = new Map();
  let last = 0;
  let complete = new Set();
  let whole = () => {};
  control.onmessage = ({ data }) => {
    ({ last } = data);
    complete = new Set();
    whole = data.way === "hall" ? (key) => hall.get(key) : (key) => map.get(key);
    control.postMessage("ready");
  };
  const take = (key, value) => {
    if (value <= last - KEYS) return;
    complete.add(key);
    if (complete.size < KEYS) return;
    for (let i = last - KEYS + 1; i <= last; i++) {
      if (whole(names[(i * STEP) % KEYS]) !== i) throw new Error(`the value ${i} has not arrived`);
    }
    control.postMessage("done");
  };
  hall.watch("agents/**", ({ key, value }) => take(key, value));
  channel.onmessage = ({ data: { key, value } }) => {
    map.set(key, value);
    take(key, value);
  };
}

let sent = 0;

/** Sends a burst in so many turns; returns milliseconds until it is complete there, and what it took on the channel. */
export async function send(way, puts, turns) {
  let heard = later();
  control.onmessage = () => heard.resolve();
  control.postMessage({ way, last: sent + puts });
  await heard.promise;
  heard = later();
  const before = hall.usage();
  const put =
    way === "hall" ? (key, value) => hall.put(key, value) : (key, value) => channel.postMessage({ key, value });
  const start = performance.now();
  for (let t = 0; t < turns; t++) {
    for (let i = 0; i < puts / turns; i++) {
      sent++;
      put(names[(sent * STEP) % KEYS], sent);
    }
    if (turns > 1) await turn();
  }
  await heard.promise;
  const took = performance.now() - start;
  const { framesOut, bytesOut } = hall.usage();
  return { took, frames: framesOut - before.framesOut, bytes: bytesOut - before.bytesOut };
}
