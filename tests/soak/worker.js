/**
 * A worker of the soak, the same in Node and in browsers: it is in the hall "soak", writes when it is asked to, and checks
 * all the while that each change begins where the last one of its key ended.
 */

const inNode = globalThis.process?.versions?.node !== undefined;
const node = inNode ? await import("node:worker_threads") : undefined;
const { agent } = inNode ? node.workerData : Object.fromEntries(new URLSearchParams(location.search));

/** The memories of the kernel, caught as they are made: the package shows them to nobody. */
const memories = [];
WebAssembly.Instance = class extends WebAssembly.Instance {
  constructor(module, imports) {
    super(module, imports);
    memories.push(this.exports.memory);
  }
};
const { openHall } = await import(inNode ? "../../js/dist/entry/node.js" : "/dist/entry/inline.js");

const errors = [];
const jumps = [];
const last = new Map();
let heard = 0;

const name = (value) => (value === undefined ? "nothing" : `${value.by} ${value.n}`);

/** Deletes are many here, so that the limit of what is remembered of them is reached. */
const hall = openHall({
  name: "soak",
  agent,
  share: true,
  limits: { tombstones: 300 },
  onError: (error) => errors.push(String(error)),
});
hall.watch("**", ({ key, old, value }) => {
  heard++;
  if (name(old) !== name(last.get(key))) jumps.push(`${key} was ${name(last.get(key))}, not ${name(old)}`);
  if (value === undefined) last.delete(key);
  else last.set(key, value);
});

const pause = () => new Promise((resolve) => setTimeout(resolve));

/** Numbers from 0 to 1, the same for the same seed (xorshift). */
function randomFrom(seed) {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

let written = 0;

/** One write of some kind. */
function write(random) {
  const value = { by: agent, n: written++, text: "x".repeat(random() ** 3 * 4_000) };
  const any = (count) => Math.floor(random() * count);
  const dice = random();
  if (dice < 0.5) hall.put(`shared/${any(300)}`, value);
  else if (dice < 0.65) hall.delete(`shared/${any(300)}`);
  else if (dice < 0.75) hall.put(`own/${agent}/${any(20)}`, value, { metadata: { by: agent } });
  else if (dice < 0.85) hall.put(`mortal/${any(50)}`, value, { ttl: 1 + any(10_000) });
  else if (dice < 0.95) {
    // Keys that never were and never will be again.
    hall.put(`once/${agent}/${Math.floor(random() * 1e9)}`, value);
    if (hall.keys("once/**").length > 50) hall.clear("once/**");
  } else {
    hall.batch(() => {
      for (let i = 0; i < 5; i++) hall.put(`shared/${any(300)}`, { ...value, n: written++ });
    });
  }
}

const deeds = {
  /** Writes, a few a turn. */
  async burst({ seed, turns }) {
    const random = randomFrom(seed);
    for (let turn = 0; turn < turns && !hall.closed; turn++) {
      for (let i = 0; i < 10; i++) write(random);
      await pause();
    }
  },
  ready: () => hall.ready,
  leave: () => hall.close(),
  /** What there is, as text. */
  state: () => JSON.stringify([...hall.toMap()].map(([key, { by, n }]) => [key, by, n])),
  measure() {
    globalThis.gc?.();
    return {
      wasm: memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0),
      heap: inNode ? process.memoryUsage().heapUsed : undefined,
      usage: hall.usage(),
      errors,
      jumps: jumps.slice(0, 5),
      heard,
    };
  },
};

const answer = async ({ id, deed, argument }, reply) => {
  try {
    reply({ id, result: await deeds[deed](argument) });
  } catch (error) {
    reply({ id, error: String(error?.stack ?? error) });
  }
};
if (inNode) {
  node.parentPort.on("message", (message) => answer(message, (reply) => node.parentPort.postMessage(reply)));
  node.parentPort.postMessage({ id: 0 });
} else {
  globalThis.onmessage = ({ data }) => answer(data, postMessage);
  postMessage({ id: 0 });
}
