/**
 * How long one change takes to the other tab: half of the time until the answer, a change as well, is heard. Beside it,
 * in turns, a bare message and its answer over a BroadcastChannel.
 */

import { openHall } from "/dist/entry/inline.js";
import { later, pause, turn } from "./waiting.js";

let hall;
let channel;

/** Joins; `answers` says whether this tab is the one that answers. */
export async function join(answers) {
  hall = openHall({ name: "latency", agent: answers ? "there" : "here" });
  channel = new BroadcastChannel("latency");
  await hall.ready;
  if (!answers) return;
  hall.watch("ping", ({ value }) => hall.put("pong", value));
  channel.onmessage = ({ data }) => channel.postMessage(data);
}

/** One-way milliseconds of changes and of messages, after as many that warm up. */
export async function measure(rounds) {
  const changes = [];
  const messages = [];
  let heard = later();
  hall.watch("pong", ({ value }) => heard.resolve(value));
  channel.onmessage = ({ data }) => heard.resolve(data.value);
  const time = async (send, value) => {
    await turn();
    heard = later();
    const start = performance.now();
    send(value);
    const answer = await heard.promise;
    const took = performance.now() - start;
    if (answer !== value) throw new Error(`the answer to ${value} is ${answer}`);
    return took / 2;
  };
  for (let i = 0; i < 2 * rounds; i++) {
    const change = await time((value) => hall.put("ping", value), i);
    const message = await time((value) => channel.postMessage({ key: "ping", value }), i);
    if (i < rounds) continue;
    changes.push(change);
    messages.push(message);
    // Now and then a longer pause, so that a session's own timers have their turn, too.
    if (i % 50 === 0) await pause(20);
  }
  return { changes, messages, isolated: crossOriginIsolated };
}
