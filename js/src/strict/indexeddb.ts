/**
 * The store of a hall that the tabs and workers of a browser share: IndexedDB, whose readwrite transactions come one
 * after another in all of them, and die with the tab that began them.
 *
 * A step is one transaction, in which nothing is awaited. A connection that is lost, as browsers do to pages in the
 * background, is opened anew and the step repeated: it decides the same.
 */

import { StatehallError } from "../error.js";
import { type Decide, EVERYTHING, NONE, type Rows, type Store } from "./store.js";

const TABLE = "rows";
/** How often a step is repeated before its caller is told, and how long it waits before: twice as long each time. */
const TRIES = 6;
const PAUSE_MS = 10;

/** How the work in a transaction says what comes of it. */
type Work<T> = (rows: IDBObjectStore, done: (result: T) => void, fail: (error: unknown) => void) => void;

export class IndexedDbStore implements Store {
  readonly outside = false;
  readonly #name: string;
  readonly #durability: IDBTransactionDurability;
  readonly #pause: (delay: number) => Promise<void>;
  #database: Promise<IDBDatabase> | undefined;

  constructor(name: string, durability: IDBTransactionDurability, pause: (delay: number) => Promise<void>) {
    this.#name = name;
    this.#durability = durability;
    this.#pause = pause;
  }

  change(decide: Decide): Promise<void> {
    return this.#transact("readwrite", (rows, done, fail) => {
      let given: Rows = new Map();
      const step = (whole: boolean) => {
        try {
          const answer = decide(given, whole);
          if (answer instanceof Map) {
            write(rows, answer);
            done(undefined);
          } else {
            read(rows, answer as readonly string[], given, (all) => {
              given = all;
              step((answer as readonly string[])[0] === EVERYTHING);
            });
          }
        } catch (error) {
          fail(error);
        }
      };
      step(false);
    });
  }

  read(name: string): Promise<Uint8Array | undefined> {
    return this.#transact("readonly", (rows, done) => {
      const request = rows.get(name);
      request.onsuccess = () => done(request.result);
    });
  }

  all(): Promise<Rows> {
    return this.#transact("readonly", readAll);
  }

  close(): void {
    const database = this.#database;
    this.#database = undefined;
    database?.then(
      (open) => open.close(),
      () => {},
    );
  }

  async #transact<T>(mode: IDBTransactionMode, work: Work<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#once(await this.#open(), mode, work);
      } catch (error) {
        // What the kernel refuses it refuses again.
        if (!(error instanceof DOMException)) throw error;
        if (error.name === "QuotaExceededError") {
          throw new StatehallError("limit", "the browser has no more room to store contexts", { cause: error });
        }
        if (tries === TRIES || error.name === "SecurityError") {
          const detail = `contexts cannot be stored (${error.message}), so the sessions have no common authority`;
          throw new StatehallError("no-authority", detail, { cause: error });
        }
        this.close();
        await this.#pause(PAUSE_MS * 2 ** tries);
      }
    }
  }

  #once<T>(database: IDBDatabase, mode: IDBTransactionMode, work: Work<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(TABLE, mode, { durability: this.#durability });
      let result: T;
      let failure: unknown;
      const done = (what: T) => {
        result = what;
        transaction.commit();
      };
      const fail = (error: unknown) => {
        failure = error;
        transaction.abort();
      };
      transaction.oncomplete = () => resolve(result);
      transaction.onabort = () => reject(failure ?? transaction.error ?? new DOMException("aborted", "AbortError"));
      work(transaction.objectStore(TABLE), done, fail);
    });
  }

  #open(): Promise<IDBDatabase> {
    this.#database ??= new Promise((resolve, reject) => {
      const request = indexedDB.open(this.#name, 1);
      request.onupgradeneeded = () => void request.result.createObjectStore(TABLE);
      request.onerror = () => reject(request.error);
      request.onsuccess = () => {
        const database = request.result;
        // Whoever deletes the database or knows a newer one is not kept waiting.
        database.onversionchange = () => database.close();
        database.onclose = () => this.close();
        resolve(database);
      };
    });
    return this.#database;
  }
}

function write(rows: IDBObjectStore, changed: Rows): void {
  for (const [name, row] of changed) {
    if (row.length > 0) rows.put(row, name);
    else rows.delete(name);
  }
}

/** Reads the rows of these names beside those given, or all. */
function read(rows: IDBObjectStore, names: readonly string[], given: Rows, done: (given: Rows) => void): void {
  if (names[0] === EVERYTHING) {
    readAll(rows, done);
    return;
  }
  let left = names.length;
  for (const name of names) {
    const request = rows.get(name);
    request.onsuccess = () => {
      given.set(name, request.result ?? NONE);
      if (--left === 0) done(given);
    };
  }
}

function readAll(rows: IDBObjectStore, done: (all: Rows) => void): void {
  const names = rows.getAllKeys();
  const bytes = rows.getAll();
  bytes.onsuccess = () => done(new Map(names.result.map((name, i) => [name as string, bytes.result[i] as Uint8Array])));
}
