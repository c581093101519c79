/**
 * Leases: who may change a context, until when, and who is next.
 *
 * A lease renews itself at a third of its time. Who waits looks again when it is hinted that something has changed, and
 * when a claim is over; what the store says counts. Correctness never depends on a holder noticing that it is none any
 * more: its writes are refused by their fence.
 */

import type * as contract from "../contract.js";
import type { AcquireOptions, NotAcquired } from "../contract.js";
import { StatehallError } from "../error.js";
import * as actions from "./action.js";
import { type Authority, CLAIMS, closed } from "./authority.js";
import { type Claim, holderOf, type Status } from "./outcome.js";

/** How long a lease lasts unless told otherwise. */
const TTL_MS = 15_000;
/** How long a timer may be late, or a clock differ by, before one looks whether a claim is over. */
const LATE_MS = 1;

export class Lease implements contract.Lease {
  readonly acquired = true;
  readonly #lost = new AbortController();
  readonly #stop: () => void;
  readonly #claim: object;
  #cancel: () => void = () => {};
  #done = false;

  constructor(
    /** @internal */ readonly authority: Authority,
    /** @internal */ readonly key: string,
    readonly owner: string,
    readonly fence: number,
    /** By which the authority knows of it. */
    claim: object,
    /** How often it is renewed, if it is. */
    every: number | undefined,
  ) {
    this.#claim = claim;
    const stop = authority.watch(key, () => void this.#look(), CLAIMS);
    const ended = () => this.#lose("the hall is closed");
    authority.endings.add(ended);
    this.#stop = () => {
      stop();
      authority.endings.delete(ended);
    };
    if (every !== undefined) this.#arm(every);
  }

  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  async renew(ttl?: number): Promise<boolean> {
    if (this.#done) return false;
    const outcome = await this.authority.propose(this.key, actions.renew(this.fence, ttl));
    if (outcome.kind === "lease-lost") this.#lose(outcome.because ?? "its time was over");
    return outcome.kind === "granted";
  }

  async release(): Promise<boolean> {
    if (this.#done) return false;
    this.#end();
    const outcome = await this.authority.propose(this.key, actions.release(this.owner, this.fence, false));
    this.authority.unclaim(this.#claim);
    return outcome.kind === "released" && outcome.found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }

  /** A write has found out that it is lost. */
  lose(because: string | undefined): void {
    this.#lose(because ?? "its time was over");
  }

  /** Looks whether it is still held. */
  async #look(): Promise<void> {
    const status = await standing(this.authority, this.key).catch(() => undefined);
    if (this.#done || status === undefined || status.holders.some((claim) => claim.fence === this.fence)) return;
    // The refusal says why.
    await this.renew().catch(() => {});
  }

  #arm(every: number): void {
    this.#cancel = this.authority.host.setTimer(() => {
      // Without an answer it is tried again in time.
      void this.renew()
        .catch(() => {})
        .then(() => this.#done || this.#arm(every));
    }, every);
  }

  #lose(because: string): void {
    if (this.#done) return;
    this.#end();
    this.authority.unclaim(this.#claim);
    this.#lost.abort(new StatehallError("conflict", `the lease of "${this.key}" is lost: ${because}`));
  }

  #end(): void {
    this.#done = true;
    this.#cancel();
    this.#stop();
  }
}

/** Asks for a lease, and waits for it. */
export async function acquire(authority: Authority, key: string, agent: string, options: AcquireOptions) {
  const { mode, ttl = TTL_MS, renew = true, wait = true, timeout, signal } = options;
  const owner = authority.host.use(options.owner ?? agent);
  const asked = actions.acquire(owner, mode === "shared", ttl, wait && (timeout ?? true), false);
  const claim = {};
  const fence = async (): Promise<number | NotAcquired> => {
    for (;;) {
      signal?.throwIfAborted();
      await authority.claim(claim);
      const outcome = await authority.propose(key, asked);
      if (outcome.kind === "held") return notAcquired("held", outcome.holder);
      const { session } = authority;
      const own = (other: Claim) => other.session === session && other.owner === owner;
      const found =
        outcome.kind === "granted" && !signal?.aborted ? outcome : await inLine(authority, key, owner, own, signal);
      if (found === "aborted") {
        await authority.propose(key, actions.release(owner, undefined, false));
        throw signal?.reason;
      }
      if ("fence" in found) return found.fence;
      // Unless the whole session was ended in between.
      if (session === authority.session) {
        if (timeout !== undefined) return notAcquired("timeout", found.holders[0]);
        throw new StatehallError("closed", `the owner "${owner}" has ended, and its place in line with it`);
      }
    }
  };
  let held: number | NotAcquired | undefined;
  try {
    held = await fence();
  } finally {
    if (typeof held !== "number") authority.unclaim(claim);
  }
  if (typeof held !== "number") return held;
  return new Lease(authority, key, owner, held, claim, renew ? Math.max(1, Math.floor(ttl / 3)) : undefined);
}

/** Waits in line, and leaves it if the store does not answer any more. */
async function inLine(
  authority: Authority,
  key: string,
  owner: string,
  own: (claim: Claim) => boolean,
  signal: AbortSignal | undefined,
): Promise<Claim | Status | "aborted"> {
  try {
    return await waiting(authority, key, own, signal);
  } catch (error) {
    // As far as possible: what is got by nobody is over in time.
    authority.propose(key, actions.release(owner, undefined, false)).catch(() => {});
    throw error;
  }
}

/** Resolves with the claim when it is granted, and with how things stand when it is gone. */
function waiting(
  authority: Authority,
  key: string,
  own: (claim: Claim) => boolean,
  signal: AbortSignal | undefined,
): Promise<Claim | Status | "aborted"> {
  return new Promise((resolve, reject) => {
    let cancel = () => {};
    let over = false;
    const graves = new Map<string, () => void>();
    const finish = (found: Claim | Status | "aborted") => {
      end();
      resolve(found);
    };
    const aborted = () => finish("aborted");
    const fail = (error: unknown) => {
      end();
      reject(error);
    };
    const ended = () => fail(closed(authority.host.name));
    const end = () => {
      over = true;
      cancel();
      stop();
      for (const leave of graves.values()) leave();
      authority.endings.delete(ended);
      signal?.removeEventListener("abort", aborted);
    };
    const look = async () => {
      const status = await standing(authority, key);
      if (over) return;
      const held = status.holders.find(own);
      if (held || !status.waiters.some(own)) return finish(held ?? status);
      for (const { session } of status.holders) {
        if (!graves.has(session)) graves.set(session, authority.bury(session));
      }
      // What is over first: a holder's claim, or the time to wait of somebody in line.
      const times = [...status.holders, ...status.waiters].map(({ deadline = Infinity }) => deadline);
      const delay = Math.min(...times) - authority.host.now() + LATE_MS;
      cancel();
      if (delay < Infinity) cancel = authority.host.setTimer(wake, Math.max(LATE_MS, delay));
    };
    const wake = () => {
      look().catch((error) => over || fail(error));
    };
    const stop = authority.watch(key, wake, CLAIMS);
    authority.endings.add(ended);
    signal?.addEventListener("abort", aborted);
    if (signal?.aborted) aborted();
    else wake();
  });
}

/** How a record stands, as the authority says. */
export async function standing(authority: Authority, key: string): Promise<Status> {
  return (await authority.propose(key, actions.query)) as unknown as Status;
}

function notAcquired(reason: "held" | "timeout", holder: Claim | undefined): NotAcquired {
  return {
    acquired: false,
    reason,
    holder: holder && holderOf(holder),
    async [Symbol.asyncDispose]() {},
  };
}
