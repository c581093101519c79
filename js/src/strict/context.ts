/** Contexts: versioned documents of a hall, and whoever holds them. */

import { checkArgument, checkOptions, type Shape } from "../check.js";
import { decode, encode } from "../codec.js";
import type * as contract from "../contract.js";
import type {
  AcquireOptions,
  ChangeOptions,
  Commit,
  ContextChange,
  ContextRecord,
  ContextStatus,
  ContextWatchOptions,
  Limits,
  Value,
} from "../contract.js";
import { StatehallError } from "../error.js";
import { admit } from "../value.js";
import * as actions from "./action.js";
import type { Authority } from "./authority.js";
import { Writer } from "./bytes.js";
import { acquire, Lease, standing } from "./lease.js";
import { holderOf, type Outcome, readRecord } from "./outcome.js";
import { ContextStream, watchContext } from "./watch.js";

const changeOptions: Shape = { expect: "positive", lease: "record" };
const createOptions: Shape = { lease: "record" };
const watchOptions: Shape = { initial: "truth", signal: "signal" };
export const acquireOptions: Shape = {
  owner: "named",
  mode: "mode",
  ttl: "positive",
  renew: "truth",
  wait: "truth",
  timeout: "positive",
  signal: "signal",
};

type Found = { readonly version: number; readonly value: Uint8Array };

export class Context implements contract.Context {
  readonly id: string;
  readonly #authority: () => Authority;
  readonly #agent: string;
  readonly #limits: Limits;

  constructor(id: string, agent: string, limits: Limits, authority: () => Authority) {
    this.id = id;
    this.#agent = agent;
    this.#limits = limits;
    this.#authority = authority;
  }

  async get(): Promise<ContextRecord | undefined> {
    const authority = this.#authority();
    return recordOf(this.id, await authority.host.store.read(`r${this.id}`), authority.host.now());
  }

  async create(value: unknown, options: Pick<ChangeOptions, "lease"> = {}): Promise<Commit> {
    checkOptions(options, createOptions);
    return this.#commit(actions.create(this.#encoded(value), this.#fence(options.lease)), options.lease);
  }

  async replace(value: unknown, options: ChangeOptions): Promise<Commit> {
    checkOptions(options, changeOptions);
    const { expect, lease } = options;
    return this.#commit(actions.replace(this.#encoded(value), expect, this.#fence(lease)), lease);
  }

  async patch(patch: unknown, options: ChangeOptions = {}): Promise<Commit> {
    checkOptions(options, changeOptions);
    const { expect, lease } = options;
    const fence = this.#fence(lease);
    const encoded = this.#encoded(patch);
    const authority = this.#authority();
    for (let found = await this.#find(); found !== undefined; ) {
      // Of another version than expected nothing is made: the authority refuses it for one reason or another.
      const made =
        expect === undefined || expect === found.version
          ? authority.host.patch(new Writer().block(found.value).block(encoded).bytes, !Array.isArray(patch))
          : found.value;
      if (!(made instanceof Uint8Array)) return this.#inapplicable(made, fence, lease);
      const commit = await this.#commit(actions.replace(made, expect ?? found.version, fence), lease);
      if (commit.committed || commit.reason !== "conflict" || expect !== undefined) return commit;
      found = await this.#find();
    }
    return { committed: false, reason: "missing" };
  }

  async delete(options: ChangeOptions = {}): Promise<Commit> {
    checkOptions(options, changeOptions);
    const { expect, lease } = options;
    return this.#commit(actions.remove(expect, this.#fence(lease)), lease);
  }

  watch(
    listener: ((change: ContextChange<never>) => unknown) | ContextWatchOptions = {},
    options: ContextWatchOptions = {},
  ): never {
    const called = typeof listener === "function";
    const given = called ? options : listener;
    checkOptions(given, watchOptions);
    const { initial = false, signal } = given;
    const how = { id: this.id, authority: this.#authority, limit: this.#limits.watches, initial, signal };
    return (
      called ? watchContext(listener as (change: ContextChange) => unknown, how) : new ContextStream(how)
    ) as never;
  }

  async query(): Promise<ContextStatus> {
    const { version, holders, waiters } = await standing(this.#authority(), this.id);
    return { version, holders: holders.map(holderOf), waiting: waiters.map(({ owner }) => owner) };
  }

  async acquire(options: AcquireOptions = {}): Promise<never> {
    checkOptions(options, acquireOptions);
    return (await acquire(this.#authority(), this.id, this.#agent, options)) as never;
  }

  async forceRelease(reason = ""): Promise<boolean> {
    checkArgument("the reason", reason, "text");
    const outcome = await this.#authority().propose(this.id, actions.forceRelease(reason));
    return outcome.kind === "released" && outcome.found;
  }

  async lock(owner = this.#agent): Promise<boolean | undefined> {
    checkArgument("the owner", owner, "text");
    const authority = this.#authority();
    authority.host.use(owner);
    const claim = `${this.id} ${owner}`;
    await authority.claim(claim);
    const outcome = await authority.propose(this.id, actions.acquire(owner, false, undefined, false, true));
    if (outcome.kind !== "granted") authority.unclaim(claim);
    return outcome.kind === "missing" ? undefined : outcome.kind === "granted";
  }

  async unlock(owner = this.#agent): Promise<boolean | undefined> {
    checkArgument("the owner", owner, "text");
    const authority = this.#authority();
    const outcome = await authority.propose(this.id, actions.release(owner, undefined, true));
    authority.unclaim(`${this.id} ${owner}`);
    return outcome.kind === "missing" ? undefined : outcome.kind === "released" && outcome.found;
  }

  #encoded(value: unknown): Uint8Array {
    return encode(admit(value, undefined, this.#limits).value);
  }

  /** The document as it is stored. */
  async #find(): Promise<Found | undefined> {
    const row = await this.#authority().host.store.read(`r${this.id}`);
    const record = row && readRecord(row);
    return record?.value && (record as Found);
  }

  #fence(lease: contract.Lease | undefined): number | undefined {
    if (lease === undefined) return undefined;
    if (lease instanceof Lease && lease.key === this.id && lease.authority === this.#authority()) return lease.fence;
    throw new StatehallError(
      "invalid-argument",
      `the option "lease" is a lease of "${this.id}" that was acquired here`,
    );
  }

  async #commit(action: actions.Action, lease: contract.Lease | undefined): Promise<Commit> {
    const outcome = await this.#authority().propose(this.id, action);
    switch (outcome.kind) {
      case "committed":
        return { committed: true, version: outcome.version };
      case "exists":
      case "conflict":
        return this.#differing(outcome);
      case "held":
        return { committed: false, reason: "held", holder: holderOf(outcome.holder), waiting: outcome.waiting };
      case "lease-lost": {
        const { holder, because } = outcome;
        (lease as Lease).lose(because);
        return { committed: false, reason: "lease-lost", holder: holder && holderOf(holder), because };
      }
      default:
        return { committed: false, reason: "missing" };
    }
  }

  /** What is there instead. An answer that had to be repeated may not have it any more. */
  async #differing(outcome: Outcome & { kind: "exists" | "conflict" }): Promise<Commit> {
    const found = outcome.value ? (outcome as Found) : await this.#find();
    if (found === undefined) return { committed: false, reason: "missing" };
    return { committed: false, reason: outcome.kind, version: found.version, value: decode(found.value) };
  }

  /** A patch that does not apply: who holds the document comes first. */
  async #inapplicable(
    why: readonly string[],
    fence: number | undefined,
    lease: contract.Lease | undefined,
  ): Promise<Commit> {
    const { holders, waiters } = await standing(this.#authority(), this.id);
    const [holder] = holders;
    const own = holders.find((claim) => claim.fence === fence);
    // Who shares it does not write, any more than who holds nothing.
    const other = fence === undefined ? holder : own?.mode === "shared" ? own : undefined;
    if (other) return { committed: false, reason: "held", holder: holderOf(other), waiting: waiters.length };
    if (fence !== undefined && !own) {
      (lease as Lease).lose(undefined);
      return { committed: false, reason: "lease-lost", holder: holder && holderOf(holder), because: undefined };
    }
    const [operation, path, problem] = why as [string, string, never];
    return { committed: false, reason: "inapplicable", operation: Number(operation), path, problem };
  }
}

/** All documents of a hall, in the order in which they were created. */
export async function listContexts({ host }: Authority): Promise<ContextRecord[]> {
  const rows = [...(await host.store.all())].filter(([name]) => name[0] === "r");
  const found = rows.map(([name, row]) => [readRecord(row).order, recordOf(name.slice(1), row, host.now())] as const);
  found.sort(([a], [b]) => a - b);
  return found.map(([, record]) => record).filter((record) => record !== undefined);
}

function recordOf(id: string, row: Uint8Array | undefined, now: number): ContextRecord | undefined {
  if (!row || row.length === 0) return undefined;
  const { value, version, created, updated, holders } = readRecord(row);
  if (value === undefined) return undefined;
  return {
    id,
    version,
    data: decode(value) as Value,
    lockedBy: holders.find(({ deadline = Infinity }) => deadline > now)?.owner,
    createdAt: new Date(created).toISOString(),
    updatedAt: new Date(updated).toISOString(),
  };
}
