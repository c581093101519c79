/**
 * One tab holds many keys, another joins: milliseconds from opening until it has all of them.
 *
 * The joining tab is new each time; its scripts are loaded before the clock starts. Yjs is given the least that a
 * provider does over a BroadcastChannel: the joiner says its state vector, whoever hears it answers with an update.
 * TinyBase has its own synchronizer for a BroadcastChannel, which waits 10 ms for an answer; beside it stands the same
 * with 5 s, made with its `createCustomSynchronizer`.
 */

import { openHall } from "/dist/entry/inline.js";
import { createBroadcastChannelSynchronizer, createCustomSynchronizer, createMergeableStore, Y } from "/peers.js";
import { later, until } from "./waiting.js";

const PATIENCE_MS = 5_000;
const nameOf = (n) => `agents/${n}/status`;

/** TinyBase's messages over a channel, with another time to wait than its own synchronizer has. */
function patient(store, name) {
  const channel = new BroadcastChannel(name);
  const id = crypto.randomUUID();
  const send = (to, request, message, body) => channel.postMessage({ from: id, to, request, message, body });
  const listen = (receive) => {
    channel.onmessage = ({ data: { from, to, request, message, body } }) => {
      if (to === null || to === id) receive(from, request, message, body);
    };
  };
  return createCustomSynchronizer(store, send, listen, () => channel.close(), PATIENCE_MS / 1_000);
}

const tinybase = (synchronizer) => ({
  async hold(count, name) {
    const store = createMergeableStore("holder");
    store.transaction(() => {
      for (let n = 0; n < count; n++) store.setCell("keys", nameOf(n), "value", n);
    });
    await synchronizer(store, name).startSync();
  },
  async join(name) {
    const store = createMergeableStore("joiner");
    await synchronizer(store, name).startSync();
    return () => store.getRowCount("keys");
  },
});

const ways = {
  statehall: {
    async hold(count, name) {
      const hall = openHall({ name, agent: "holder" });
      for (let n = 0; n < count; n++) hall.put(nameOf(n), n);
      await hall.ready;
    },
    async join(name) {
      const hall = openHall({ name, agent: "joiner" });
      await hall.ready;
      return () => hall.usage().entries;
    },
  },
  yjs: {
    async hold(count, name) {
      const doc = new Y.Doc();
      doc.transact(() => {
        for (let n = 0; n < count; n++) doc.getMap("keys").set(nameOf(n), n);
      });
      const channel = new BroadcastChannel(name);
      channel.onmessage = ({ data }) => channel.postMessage(Y.encodeStateAsUpdate(doc, data));
    },
    async join(name) {
      const doc = new Y.Doc();
      const keys = doc.getMap("keys");
      const channel = new BroadcastChannel(name);
      const heard = later();
      channel.onmessage = ({ data }) => {
        Y.applyUpdate(doc, data);
        heard.resolve();
      };
      channel.postMessage(Y.encodeStateVector(doc));
      await heard.promise;
      return () => keys.size;
    },
  },
  tinybase: tinybase(createBroadcastChannelSynchronizer),
  patient: tinybase(patient),
};

/** Holds so many keys. */
export const hold = (way, count) => ways[way].hold(count, `joining-${way}`);

/** Joins, and says how long it took, and how many keys have arrived when all have or nobody waits any longer. */
export async function join(way, count) {
  const start = performance.now();
  const arrived = await ways[way].join(`joining-${way}`);
  await until(() => arrived() === count, PATIENCE_MS);
  return { took: performance.now() - start, arrived: arrived() };
}
