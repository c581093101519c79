/**
 * What a tab, frame or worker of these tests runs: it opens the hall "main" for the agent that its address names, and
 * keeps at hand, as globals, what the tests ask for. Without an agent it opens nothing.
 *
 * Whoever is in the hall follows everything, and notes each change that does not begin where the last one of its key
 * ended or whose revision goes back: a change that was heard twice, or one that was not heard.
 */

import * as statehall from "/dist/entry/inline.js";

const PATIENCE_MS = 20_000;
const agent = new URLSearchParams(location.search).get("agent");

/** Waits until a condition holds. */
async function until(condition) {
  const end = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`${agent} waited in vain for ${condition}`);
    await pause();
  }
}

/** Lets everything else have its turn. */
const pause = () => new Promise((resolve) => setTimeout(resolve));

/** Keeps this realm from doing anything else. */
function block(ms) {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** Puts values into keys, many a turn, for a while; returns how many puts that were and how many others were heard. */
async function hammer({ keys, ms = Number.POSITIVE_INFINITY, puts = Number.POSITIVE_INFINITY, turn = 20 }) {
  const end = performance.now() + ms;
  const before = heard.length;
  let done = 0;
  while (done < puts && performance.now() < end) {
    for (let i = 0; i < turn; i++, done++) hall.put(`keys/${done % keys}`, `${agent} ${done}`);
    await pause();
  }
  const others = heard.slice(before).filter(({ origin }) => origin !== agent).length;
  return { puts: done, others };
}

/** Every change so far. */
const heard = [];
/** What was wrong with them. */
const jumps = [];
/** The codes of the errors that the hall reported. */
const errors = [];
/** Milliseconds from the opening until the hall was ready. */
globalThis.ready = undefined;

function join(options) {
  const opened = performance.now();
  const hall = statehall.openHall({ name: "main", agent, onError: (error) => errors.push(error.code), ...options });
  const last = new Map();
  hall.watch("**", (change) => {
    const { key, old, value, revision } = change;
    if (!same(old, last.get(key))) jumps.push(`${key} was ${text(last.get(key))}, not ${text(old)}`);
    if (revision < (heard.at(-1)?.revision ?? 0)) jumps.push(`the revision of ${key} went back to ${revision}`);
    last.set(key, value);
    heard.push(change);
  });
  hall.ready.then(() => {
    globalThis.ready = performance.now() - opened;
  });
  return hall;
}

/** A value as text, the members of its objects in order: halls keep them, but not their order. */
const text = (value) => JSON.stringify(value, (_, part) => (isObject(part) ? Object.fromEntries(sorted(part)) : part));
const sorted = (object) => Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1));
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const same = (a, b) => Object.is(a, b) || text(a) === text(b);

/** All that the hall holds, as text that is equal wherever that is the same. */
const state = () => text([...hall.toMap()]);

/** Listens on a channel, without a hall. */
function tap(name) {
  const channel = new BroadcastChannel(name);
  channel.onmessage = ({ data }) => frames.push(data);
  return channel;
}

/** What was heard there. */
const frames = [];

/** Starts a worker like this; returns when it is in the hall. */
function startWorker(agent) {
  const worker = new Worker(`/realm.js?agent=${agent}`, { type: "module" });
  globalThis.lastWorker = worker;
  return new Promise((resolve, reject) => {
    worker.onmessage = () => resolve();
    worker.onerror = ({ message }) => reject(new Error(message));
  });
}

/** Starts a shared worker like this; returns how to run code in it. */
function startSharedWorker(agent) {
  const { port } = new SharedWorker(`/realm.js?agent=${agent}`, { type: "module" });
  return (code) =>
    new Promise((resolve) => {
      port.onmessage = ({ data }) => resolve(data);
      port.postMessage(code);
    });
}

Object.assign(globalThis, { statehall, agent, heard, jumps, errors, frames });
Object.assign(globalThis, { join, state, until, pause, block, hammer, tap, startWorker, startSharedWorker });
if (agent) globalThis.hall = join();

globalThis.onconnect = ({ ports: [port] }) => {
  // biome-ignore lint/security/noGlobalEval: the code is the test's own
  port.onmessage = async ({ data }) => port.postMessage(await globalThis.eval(data));
};
if (globalThis.DedicatedWorkerGlobalScope) postMessage("open");
