/**
 * As much of IndexedDB as the store of contexts uses, in memory: transactions come one after another, and can be kept
 * waiting, lost, or lost after they were stored.
 */

import { IndexedDbStore } from "../../dist/strict/indexeddb.js";
import { turn } from "./clock.js";

export class FakeIndexedDb {
  rows = new Map();
  /** How many transactions there were, by mode, and the durabilities that they asked for. */
  counts = { readonly: 0, readwrite: 0 };
  durabilities = new Set();
  opened = 0;
  /** Nothing is opened; no transaction begins; none that is to be stored comes to an end. */
  openingHangs = false;
  beginningHangs = false;
  storingHangs = false;
  /** What becomes of the next openings and storings, instead of success: "lost", or "stored" and then lost. */
  openings = [];
  storings = [];
  #queue = [];

  /** Has a hall keep its contexts here. Several halls of one fake hear of one another. */
  serve(hall, clock, durability = "relaxed") {
    const { strict } = hall.session_;
    const authority = strict.authority();
    authority.host.store = new IndexedDbStore("statehall:test", durability, clock);
    return authority;
  }

  /** Puts it in the place of the platform's for as long as a test runs. */
  install(t) {
    globalThis.indexedDB = this;
    t.after(() => {
      delete globalThis.indexedDB;
    });
    return this;
  }

  open() {
    const request = {};
    const answer = async () => {
      await turn();
      while (this.openingHangs) await turn();
      this.opened++;
      if (this.openings.shift()) {
        request.error = lost();
        request.onerror();
        return;
      }
      request.result = {
        close() {},
        transaction: (_, mode, { durability }) => this.#begin(mode, durability),
      };
      request.onsuccess();
    };
    void answer();
    return request;
  }

  #begin(mode, durability) {
    this.counts[mode]++;
    this.durabilities.add(durability);
    const transaction = new Transaction(this, mode);
    this.#queue.push(transaction);
    if (this.#queue.length === 1) void this.#run();
    return transaction;
  }

  async #run() {
    for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
      await turn();
      if (this.beginningHangs && first.state === "open") continue;
      await first.carryOut();
      this.#queue.shift();
    }
  }
}

class Transaction {
  state = "open";
  #fake;
  #requests = [];
  #written = new Map();

  constructor(fake, mode) {
    this.#fake = fake;
    this.mode = mode;
  }

  objectStore() {
    const { rows } = this.#fake;
    const names = () => [...rows.keys()].sort();
    return {
      get: (name) => this.#ask(() => rows.get(name)),
      getAllKeys: () => this.#ask(names),
      getAll: () => this.#ask(() => names().map((name) => rows.get(name))),
      put: (row, name) => this.#written.set(name, row),
      delete: (name) => this.#written.set(name, undefined),
    };
  }

  #ask(read) {
    const request = { read };
    this.#requests.push(request);
    return request;
  }

  commit() {
    if (this.state === "open") this.state = "storing";
  }

  abort() {
    if (this.state !== "open") throw new DOMException("it is too late", "InvalidStateError");
    this.state = "aborted";
    queueMicrotask(() => this.onabort());
  }

  async carryOut() {
    while (this.state === "open" && this.#requests.length > 0) {
      const request = this.#requests.shift();
      request.result = request.read();
      request.onsuccess?.();
      await undefined;
    }
    if (this.state === "aborted") return;
    this.state = "storing";
    const fake = this.#fake;
    while (this.mode === "readwrite" && fake.storingHangs) await turn();
    const fate = this.mode === "readwrite" ? fake.storings.shift() : undefined;
    if (fate !== "lost") {
      for (const [name, row] of this.#written) {
        if (row === undefined) fake.rows.delete(name);
        else fake.rows.set(name, row.slice());
      }
    }
    if (fate === undefined) this.oncomplete();
    else {
      this.error = lost();
      this.onabort();
    }
  }
}

const lost = () => new DOMException("Connection to Indexed Database server lost", "UnknownError");
