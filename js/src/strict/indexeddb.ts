/**
 * The store of a hall that the tabs and workers of a browser share: IndexedDB, whose readwrite transactions come one
 * after another in all of them, and die with the tab that began them.
 *
 * A step is one transaction, in which nothing is awaited. A connection that is lost, as browsers do to pages in the
 * background, is opened anew and the step repeated: it decides the same. A store that does not answer in time, because
 * another tab keeps it from answering, is not waited for any longer: then nobody knows whether the step will be stored.
 */

import type { Clock } from "../contract.js";
import { StatehallError } from "../error.js";
import { type Decide, EVERYTHING, NONE, type Rows, type Store } from "./store.js";

const TABLE = "rows";
/** How often a step is repeated before its caller is told, and how long it waits before: twice as long each time. */
const TRIES = 6;
const PAUSE_MS = 10;
/** How long a step may take, whatever it is that takes so long. */
const STEP_MS = 5_000;

/** One step, however often it is tried. */
interface Step {
  /** Whether its caller has been told that it is over: it is not tried again. */
  over: boolean;
  /** Whether it was given to the browser to store, so that it may be stored whatever was heard of it. */
  given: boolean;
  /** Keeps what is under way from being stored, if that is still possible. */
  abort(): void;
}

/** How the work in a transaction says what comes of it. */
type Work<T> = (rows: IDBObjectStore, done: (result: T) => void, fail: (error: unknown) => void) => void;

export class IndexedDbStore implements Store {
  readonly #name: string;
  readonly #durability: IDBTransactionDurability;
  readonly #clock: Clock;
  #database: Promise<IDBDatabase> | undefined;

  constructor(name: string, durability: IDBTransactionDurability, clock: Clock) {
    this.#name = name;
    this.#durability = durability;
    this.#clock = clock;
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

  #transact<T>(mode: IDBTransactionMode, work: Work<T>): Promise<T> {
    const step: Step = { over: false, given: false, abort: () => {} };
    return new Promise((resolve, reject) => {
      const cancel = this.#limit(() => {
        step.over = true;
        step.abort();
        // A connection that hangs is not waited for by the next step.
        this.close();
        reject(late(mode, step));
      });
      this.#try(step, mode, work).then(resolve, reject).finally(cancel);
    });
  }

  /** Calls `expired` when a step has taken too long; returns how to stop that. */
  #limit(expired: () => void): () => void {
    const clock = this.#clock;
    const began = clock.monotonic();
    let cancel = clock.setTimer(() => {
      // A page that was frozen hears only now what the store has answered meanwhile.
      if (clock.monotonic() - began > 2 * STEP_MS) cancel = clock.setTimer(expired, STEP_MS);
      else expired();
    }, STEP_MS);
    return () => cancel?.();
  }

  async #try<T>(step: Step, mode: IDBTransactionMode, work: Work<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#once(step, await this.#open(), mode, work);
      } catch (error) {
        // What the kernel refuses it refuses again.
        if (!(error instanceof DOMException)) throw error;
        if (error.name === "QuotaExceededError") {
          throw new StatehallError("limit", "the browser has no more room to store contexts", { cause: error });
        }
        // Also for the last time: the next step begins with a connection of its own.
        this.close();
        if (step.over || tries === TRIES || error.name === "SecurityError") {
          if (step.given) throw late(mode, step, error);
          const detail = `contexts cannot be stored (${error.message}), so the sessions have no common authority`;
          throw new StatehallError("no-authority", detail, { cause: error });
        }
        await new Promise<void>((resume) => this.#clock.setTimer(resume, PAUSE_MS * 2 ** tries));
      }
    }
  }

  #once<T>(step: Step, database: IDBDatabase, mode: IDBTransactionMode, work: Work<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (step.over) throw new DOMException("given up", "AbortError");
      const transaction = database.transaction(TABLE, mode, { durability: this.#durability });
      let result: T;
      let failure: unknown;
      const done = (what: T) => {
        result = what;
        step.given = mode === "readwrite";
        transaction.commit();
      };
      const fail = (error: unknown) => {
        failure = error;
        transaction.abort();
      };
      step.abort = () => {
        try {
          transaction.abort();
        } catch {
          // It is being stored, or has been.
        }
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

/** What becomes of a step is not known. */
function late(mode: IDBTransactionMode, { given }: Step, cause?: unknown): StatehallError {
  const why = "the store of contexts has not answered";
  const detail =
    mode === "readonly"
      ? `${why}; ask again`
      : given
        ? `${why}; whether this has happened is not known: ask again (get, query) to find out`
        : `${why}; this has not happened`;
  return new StatehallError("timeout", detail, { cause });
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
