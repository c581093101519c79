/**
 * The stores of the peers that keep values in one process, each used for keyed state as its documentation says.
 *
 * A peer is opened with keys, with how many watchers each gets, with a tally that every watcher writes to, and with how
 * a value is made of a number. It can then `put` a new value to each key of a turn and `get` each. Where a store has an
 * atom for each value, a Map finds it by the key, since a key comes as text. The loops are written out in each peer: a
 * loop that all of them shared would be compiled for none of them.
 */

import { effect, signal } from "@preact/signals-core";
import { createStore as createJotai, atom as jotaiAtom } from "jotai/vanilla";
import { atom, listenKeys, map } from "nanostores";
import { proxy } from "valtio/vanilla";
import { subscribeKey } from "valtio/vanilla/utils";
import { subscribeWithSelector } from "zustand/middleware";
import { createStore as createZustand } from "zustand/vanilla";

/** A watcher of its own for each call: it does the least that shows what it was told. */
const listener = (tally) => (value) => {
  tally.last = value;
  tally.heard += 1;
};

const mapOf = (keys, make) => new Map(keys.map((key) => [key, make(key)]));
const objectOf = (keys, make) => Object.fromEntries(keys.map((key) => [key, make(0)]));
const times = (count, work) => Array.from({ length: count }, work);

const signals = {
  name: "@preact/signals-core, a signal per key",
  open({ keys, watchers, tally, make }) {
    const signals = mapOf(keys, () => signal(make(0)));
    for (const one of signals.values()) {
      times(watchers, () => {
        const listen = listener(tally);
        effect(() => listen(one.value));
      });
    }
    let n = 0;
    return {
      put(turn) {
        for (const key of turn) signals.get(key).value = make(++n);
      },
      get(turn) {
        let found = 0;
        for (const key of turn) if (signals.get(key).value !== undefined) found++;
        return found;
      },
    };
  },
};

const nanoAtoms = {
  name: "nanostores, an atom per key",
  open({ keys, watchers, tally, make }) {
    const atoms = mapOf(keys, () => atom(make(0)));
    for (const one of atoms.values()) times(watchers, () => one.listen(listener(tally)));
    let n = 0;
    return {
      put(turn) {
        for (const key of turn) atoms.get(key).set(make(++n));
      },
      get(turn) {
        let found = 0;
        for (const key of turn) if (atoms.get(key).get() !== undefined) found++;
        return found;
      },
    };
  },
};

const nanoMap = {
  name: "nanostores, one map, listenKeys",
  open({ keys, watchers, tally, make }) {
    const store = map(objectOf(keys, make));
    for (const key of keys) {
      times(watchers, () => {
        const listen = listener(tally);
        listenKeys(store, [key], (value) => listen(value[key]));
      });
    }
    let n = 0;
    return {
      put(turn) {
        for (const key of turn) store.setKey(key, make(++n));
      },
      get(turn) {
        let found = 0;
        for (const key of turn) if (store.get()[key] !== undefined) found++;
        return found;
      },
    };
  },
};

const jotai = {
  name: "jotai, an atom per key",
  open({ keys, watchers, tally, make }) {
    const store = createJotai();
    const atoms = mapOf(keys, () => jotaiAtom(make(0)));
    for (const one of atoms.values()) {
      times(watchers, () => {
        const listen = listener(tally);
        store.sub(one, () => listen(store.get(one)));
      });
    }
    let n = 0;
    return {
      put(turn) {
        for (const key of turn) store.set(atoms.get(key), make(++n));
      },
      get(turn) {
        let found = 0;
        for (const key of turn) if (store.get(atoms.get(key)) !== undefined) found++;
        return found;
      },
    };
  },
};

const zustand = {
  name: "zustand, subscribeWithSelector",
  open({ keys, watchers, tally, make }) {
    const store = createZustand(subscribeWithSelector(() => objectOf(keys, make)));
    for (const key of keys) times(watchers, () => store.subscribe((state) => state[key], listener(tally)));
    let n = 0;
    return {
      put(turn) {
        for (const key of turn) store.setState({ [key]: make(++n) });
      },
      get(turn) {
        let found = 0;
        for (const key of turn) if (store.getState()[key] !== undefined) found++;
        return found;
      },
    };
  },
};

const valtio = {
  name: "valtio, subscribeKey, in sync",
  open({ keys, watchers, tally, make }) {
    const state = proxy(objectOf(keys, make));
    for (const key of keys) times(watchers, () => subscribeKey(state, key, listener(tally), true));
    let n = 0;
    return {
      put(turn) {
        for (const key of turn) state[key] = make(++n);
      },
      get(turn) {
        let found = 0;
        for (const key of turn) if (state[key] !== undefined) found++;
        return found;
      },
    };
  },
};

/** The quickest first. */
export const atoms = { signals, nanoAtoms, jotai, valtio, zustand, nanoMap };
