/** Contexts and leases of one session: which store they are in, if any, and what the authority needs of the session. */

import type { Owner } from "../contract.js";
import { readError, StatehallError } from "../error.js";
import type { Opening } from "../opening.js";
import { openChannel } from "../share/channel.js";
import { Authority } from "./authority.js";
import { Beacon } from "./beacon.js";
import { IndexedDbStore } from "./indexeddb.js";
import { MemoryStore } from "./memory.js";
import type { Store } from "./store.js";

type Answer = Uint8Array | readonly string[];

/** The part of the kernel that decides. */
interface Decider {
  decide(batch: Uint8Array, now: number): Answer;
  patch(encoded: Uint8Array, merge: boolean): Answer;
}

/** The part of a session that is needed. */
interface Host {
  readonly closed: boolean;
  readonly core: Decider;
  readonly owners: { use(owner: string | Owner): string };
  call<R>(work: (core: Decider) => R): R;
  report(error: unknown): void;
}

export class Strict {
  #authority: Authority | undefined;
  /** Commits are hints to others, which may be lost: the store is believed. */
  #channel: BroadcastChannel | undefined;
  readonly #opening: Opening;
  readonly #host: Host;

  constructor(opening: Opening, host: Host) {
    this.#opening = opening;
    this.#host = host;
  }

  /** Who decides. */
  authority(): Authority {
    this.#authority ??= this.#open();
    return this.#authority;
  }

  /** What an owner holds or waits for goes to the next in line. */
  endOwner(owner: string): void {
    this.#authority?.endOwner(owner);
  }

  /** The page is put away, or the hall closed: what is held is given back, and nothing stays open that would keep the page from being kept. */
  suspend(): void {
    void this.#authority?.leave();
    // Before it is done, since there may be no later: whoever looks comes after it.
    this.#channel?.postMessage([]);
    this.#channel?.close();
    this.#channel = undefined;
  }

  /** The page is back, or may have missed something. */
  resume(): void {
    if (!this.#authority) return;
    this.#listen();
    this.#authority.lookAgain();
  }

  /** Gives everything back, and then lets go of the kernel. */
  close(free: () => void): void {
    if (this.#authority) void this.#authority.close().then(free);
    else free();
    this.suspend();
  }

  #open(): Authority {
    const { name, adapters, clock, random } = this.#opening;
    const others = adapters.length > 0 && typeof navigator !== "undefined" && navigator.locks !== undefined;
    const authority = new Authority({
      name,
      store: this.#store(),
      decide: (batch) => this.#ask((core) => core.decide(batch, clock.now())),
      use: (owner) => this.#host.owners.use(owner),
      patch: (encoded, merge) => this.#ask((core) => core.patch(encoded, merge)),
      now: () => clock.now(),
      setTimer: (wake, delay) => clock.setTimer(wake, delay),
      beacon: others ? new Beacon(name) : undefined,
      newSession: () => (random() || 1n).toString(16).padStart(16, "0"),
      hint: (names) => this.#channel?.postMessage(names),
      report: (error) => this.#host.report(error),
    });
    this.#authority = authority;
    this.#listen();
    return authority;
  }

  #store(): Store {
    const { name, adapters, tabs, durability = "relaxed", clock } = this.#opening;
    if (adapters.length === 0) return new MemoryStore();
    if (tabs && typeof indexedDB !== "undefined") {
      return new IndexedDbStore(`statehall:${name}`, durability, clock);
    }
    const detail = `the hall "${name}" is shared, and its sessions have no common authority here`;
    throw new StatehallError("no-authority", detail);
  }

  /** Hears of what other tabs have changed. */
  #listen(): void {
    if (this.#opening.adapters.length === 0 || this.#channel) return;
    this.#channel = openChannel(`statehall:${this.#opening.name}:strict`);
    this.#channel.onmessage = ({ data }: MessageEvent) => {
      if (!Array.isArray(data)) return;
      if (data.length === 0) this.#authority?.lookAgain();
      else this.#authority?.changed(data);
    };
  }

  /** Calls the kernel: also for what has to be given back when the session has ended. */
  #ask<R>(work: (core: Decider) => R): R {
    const host = this.#host;
    if (!host.closed) return host.call(work);
    try {
      return work(host.core);
    } catch (error) {
      throw typeof error === "string" ? readError(error) : error;
    }
  }
}
