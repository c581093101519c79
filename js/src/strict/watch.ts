/**
 * Watches of contexts. A watch is woken by hints, which may come early, late or not at all, and then asks the store: so
 * it tells the newest version there is, each at most once, and whoever is slow hears less but never anything old.
 */

import type { ContextChange, ContextChanges, Stop } from "../contract.js";
import { StatehallError } from "../error.js";
import { stopper } from "../watching/stop.js";
import { type Authority, DOCUMENT } from "./authority.js";
import { documentOf } from "./documents.js";
import { readRecord } from "./outcome.js";

/** When a store that has failed is asked again, so that nobody is left behind who hears no other hint. */
const AGAIN_MS = 1_000;

/** Where a watch begins, and how it ends. */
interface Opened {
  readonly id: string;
  /** Fails when the handle is closed. */
  readonly authority: () => Authority;
  readonly limit: number;
  readonly initial: boolean;
  readonly signal: AbortSignal | undefined;
  readonly tell: (change: ContextChange) => void;
  readonly failed: (error: unknown) => void;
  readonly ended: () => void;
}

/** Opens a watch; returns how to end it. */
function follow({ id, authority, limit, initial, signal, tell, failed, ended }: Opened): () => void {
  const opened = authority();
  if (opened.followers >= limit) {
    throw new StatehallError("limit", `watches is at most ${limit}, this needs ${limit + 1}`);
  }
  /** The last version that was told, or was there at the beginning; none before the store has been asked. */
  let last: { readonly version: number; readonly present: boolean } | undefined;
  /** Whether something has changed before the beginning was known, which may be that change already. */
  let late = false;
  let begun = false;
  let looking = false;
  let woken = false;
  let open = true;
  /** Asks again a store that has failed; set as long as it has not answered since. */
  let again: (() => void) | undefined;

  const consider = (row: Uint8Array | undefined) => {
    const record = row && row.length > 0 ? readRecord(row) : undefined;
    const { version: told = 0, present = false } = last ?? {};
    // One that is forgotten was deleted after the version that was told.
    const version = record ? record.version : told + Number(present);
    const stored = record?.stored;
    const asInitial = last === undefined && initial && stored !== undefined;
    const fresh = last === undefined ? version > 0 && (late || asInitial) : version > told;
    last = { version, present: stored !== undefined };
    if (!fresh) return;
    const value = stored && documentOf(stored, row).value;
    tell({ id, version, value, deleted: stored === undefined, initial: asInitial });
  };
  const look = async () => {
    late = begun;
    begun = true;
    woken = true;
    if (looking) return;
    looking = true;
    try {
      do {
        woken = false;
        const row = await authority().host.store.read(`r${id}`);
        if (!open) return;
        again = undefined;
        consider(row);
      } while (woken);
    } catch (error) {
      // A handle that is closed hears no more.
      if (error instanceof StatehallError && error.code === "closed") stop();
      else if (open) retry(error);
    } finally {
      looking = false;
    }
  };
  const retry = (error: unknown) => {
    // Told once, however often it goes on failing.
    const told = again !== undefined;
    again = opened.host.setTimer(() => void look(), AGAIN_MS);
    if (!told) failed(error);
  };
  const stop = () => {
    if (!open) return;
    open = false;
    again?.();
    opened.followers--;
    unwatch();
    opened.endings.delete(stop);
    signal?.removeEventListener("abort", stop);
    ended();
  };
  const unwatch = opened.watch(id, () => void look(), DOCUMENT);
  opened.followers++;
  opened.endings.add(stop);
  signal?.addEventListener("abort", stop);
  if (signal?.aborted) stop();
  else void look();
  return stop;
}

type How = Pick<Opened, "id" | "authority" | "limit" | "initial" | "signal">;

/** Calls a listener. */
export function watchContext(listener: (change: ContextChange) => unknown, how: How): Stop {
  const { report } = how.authority().host;
  const tell = (change: ContextChange) => {
    try {
      listener(change);
    } catch (cause) {
      report(new StatehallError("callback-failed", `a watcher of the context "${how.id}" threw`, { cause }));
    }
  };
  return stopper(follow({ ...how, tell, failed: report, ended: () => {} }));
}

type Step = IteratorResult<ContextChange, undefined>;

/** A watch to iterate over: the newest version that was not taken waits, and no other. */
export class ContextStream implements ContextChanges {
  #newest: ContextChange | undefined;
  #failure: { readonly error: unknown } | undefined;
  readonly #readers: { readonly resolve: (step: Step) => void; readonly reject: (error: unknown) => void }[] = [];
  readonly #stop: () => void;
  #done = false;

  constructor(how: How) {
    this.#stop = follow({
      ...how,
      tell: (change) => {
        const reader = this.#readers.shift();
        if (reader) reader.resolve({ value: change, done: false });
        else this.#newest = change;
      },
      failed: (error) => {
        const reader = this.#readers.shift();
        if (reader) reader.reject(error);
        else this.#failure = { error };
      },
      ended: () => {
        this.#done = true;
        this.#newest = undefined;
        for (const { resolve } of this.#readers.splice(0)) resolve({ value: undefined, done: true });
      },
    });
  }

  next(): Promise<Step> {
    return new Promise((resolve, reject) => {
      const [failure, value] = [this.#failure, this.#newest];
      this.#failure = undefined;
      if (failure) reject(failure.error);
      else if (value !== undefined) {
        this.#newest = undefined;
        resolve({ value, done: false });
      } else if (this.#done) resolve({ value: undefined, done: true });
      else this.#readers.push({ resolve, reject });
    });
  }

  async return(): Promise<Step> {
    this.stop();
    return { value: undefined, done: true };
  }

  stop(): void {
    this.#stop();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.dispose](): void {
    this.stop();
  }
}
