/**
 * Many sessions in one origin: dedicated workers, each with a session of its own, and this page, which only listens.
 * See worker.js for what they do.
 */

import { later, pause, until } from "./waiting.js";

/** For how long nobody changes anything: long enough for what sessions tell one another now and then. */
const IDLE_S = 5;

/** Starts so many; measures so many changes, each made by another one, and ends them. */
export async function measure(count, changes) {
  const name = `sessions-${count}`;
  const channel = new BroadcastChannel(`statehall/${name}`);
  let [bytes, frames] = [0, 0];
  channel.onmessage = ({ data }) => {
    bytes += data.byteLength;
    frames++;
  };
  const workers = await Promise.all(Array.from({ length: count }, (_, n) => start(name, n)));
  const ask = (what, value) => Promise.all(workers.map((worker) => worker.ask(what, value)));
  let known = [];
  const joined = performance.now();
  const settled = await until(() => {
    ask("sessions").then((numbers) => {
      known = numbers;
    });
    return known.length > 0 && known.every((number) => number === count);
  }, 30_000);
  if (!settled) throw new Error(`of ${count} sessions some know only ${Math.min(...known)}`);
  const settling = performance.now() - joined;

  const idle = await during(IDLE_S * 1_000, () => bytes);
  const [times, bare] = [[], []];
  const before = { bytes, frames };
  for (let i = 1; i <= changes; i++) {
    times.push(await all(workers, "change", workers[i % count], i));
    bare.push(await all(workers, "message", workers[i % count], i));
  }
  // What is sent a little later belongs to the changes.
  await pause(300);
  const used = { bytes: bytes - before.bytes, frames: frames - before.frames };
  for (const worker of workers) worker.end();
  channel.close();
  return { times, bare, settling, idle: idle / IDLE_S, bytes: used.bytes / changes, frames: used.frames / changes };
}

async function during(ms, count) {
  const before = count();
  await pause(ms);
  return count() - before;
}

/** Milliseconds from telling one worker until all have said that they know. */
async function all(workers, kind, first, value) {
  const start = performance.now();
  const known = workers.map((worker) => worker.hears(kind, value));
  first.tell(kind, value);
  await Promise.all(known);
  return performance.now() - start;
}

async function start(name, n) {
  const worker = new Worker("/worker.js", { type: "module" });
  const waiting = new Map();
  const expect = (what) => {
    const expected = later();
    waiting.set(what, expected.resolve);
    return expected.promise;
  };
  worker.onmessage = ({ data: { what, value } }) => {
    const resolve = waiting.get(what);
    waiting.delete(what);
    resolve?.(value);
  };
  worker.onerror = ({ message }) => {
    throw new Error(message);
  };
  const tell = (what, value) => worker.postMessage({ what, value });
  const open = expect("open");
  tell("open", { name, agent: `worker-${n}` });
  await open;
  return {
    tell,
    ask(what, value) {
      const answer = expect(what);
      tell(what, value);
      return answer;
    },
    hears: (kind, value) => expect(`${kind} ${value}`),
    end: () => worker.terminate(),
  };
}
