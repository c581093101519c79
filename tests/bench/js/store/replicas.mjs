/** The peers that replicate, or could: see atoms.mjs for what a peer is. */

import { LoroDoc } from "loro-crdt";
import { createStore } from "tinybase";
import { createMergeableStore } from "tinybase/mergeable-store";
import * as Y from "yjs";

/** Listeners by key, for stores that tell all changes to one listener: it calls those of the keys that changed. */
function listeners({ keys, watchers, tally }) {
  const listen = () => (value) => {
    tally.last = value;
    tally.heard += 1;
  };
  return new Map(keys.map((key) => [key, Array.from({ length: watchers }, listen)]));
}

const values = {
  name: "TinyBase, setValue and a listener per key",
  open(given) {
    const store = createStore();
    for (const key of given.keys) store.setValue(key, given.make(0));
    for (const [key, all] of listeners(given)) {
      for (const listen of all) store.addValueListener(key, (_store, _id, value) => listen(value));
    }
    let n = 0;
    return {
      put(turn) {
        for (const key of turn) store.setValue(key, given.make(++n));
      },
      get(turn) {
        let found = 0;
        for (const key of turn) if (store.getValue(key) !== undefined) found++;
        return found;
      },
    };
  },
};

/** Rows of one cell in one table; in a store that merges, or not. */
const cells = (name, create) => ({
  name,
  open(given) {
    const store = create();
    store.transaction(() => {
      for (const key of given.keys) store.setCell("keys", key, "value", given.make(0));
    });
    for (const [key, all] of listeners(given)) {
      for (const listen of all) {
        store.addCellListener("keys", key, "value", (_store, _table, _row, _cell, value) => listen(value));
      }
    }
    let n = 0;
    return {
      put(turn) {
        for (const key of turn) store.setCell("keys", key, "value", given.make(++n));
      },
      get(turn) {
        let found = 0;
        for (const key of turn) if (store.getCell("keys", key, "value") !== undefined) found++;
        return found;
      },
    };
  },
});

const yjs = {
  name: "Yjs, a Y.Map and observe",
  open(given) {
    const map = new Y.Doc().getMap("keys");
    map.doc.transact(() => {
      for (const key of given.keys) map.set(key, given.make(0));
    });
    const byKey = listeners(given);
    map.observe(({ keysChanged }) => {
      for (const key of keysChanged) for (const listen of byKey.get(key)) listen(map.get(key));
    });
    let n = 0;
    return {
      put(turn) {
        for (const key of turn) map.set(key, given.make(++n));
      },
      get(turn) {
        let found = 0;
        for (const key of turn) if (map.get(key) !== undefined) found++;
        return found;
      },
    };
  },
};

const loro = {
  name: "Loro, a map, commit and subscribe",
  open(given) {
    const doc = new LoroDoc();
    const map = doc.getMap("keys");
    for (const key of given.keys) map.set(key, given.make(0));
    doc.commit();
    const byKey = listeners(given);
    doc.subscribe(({ events }) => {
      for (const { diff } of events) {
        for (const [key, value] of Object.entries(diff.updated)) for (const listen of byKey.get(key)) listen(value);
      }
    });
    let n = 0;
    return {
      put(turn) {
        for (const key of turn) {
          map.set(key, given.make(++n));
          doc.commit();
        }
      },
      get(turn) {
        let found = 0;
        for (const key of turn) if (map.get(key) !== undefined) found++;
        return found;
      },
      close: () => doc.free(),
    };
  },
};

/** The quickest first. */
export const replicas = {
  values,
  yjs,
  cells: cells("TinyBase, setCell and a listener per key", createStore),
  merging: cells("TinyBase, the same in a MergeableStore", () => createMergeableStore("bench")),
  loro,
};
