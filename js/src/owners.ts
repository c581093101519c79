/**
 * Owners: names to which watches, leases and keys belong, and which take these along when they end.
 *
 * The kernel knows when the time of an owner is over, and which keys are its own; its watches and leases are kept here.
 * What belongs to it ends in this order: the watches, which so hear nothing of the rest; the leases; the keys, in one
 * commit. Then its signal aborts, and then the other watches are told.
 */

import type { Clock, Owner, OwnerLike } from "./contract.js";
import type { Core } from "./crossing.js";
import type { Watch } from "./dispatch.js";
import { StatehallError } from "./error.js";
import type { Cell, Mirror } from "./mirror/mirror.js";

/** What is needed of a session. */
interface Host {
  readonly clock: Clock;
  readonly core: Core;
  readonly mirror: Mirror;
  readonly strict: { endOwner(owner: string): void };
  readonly watches: ReadonlyMap<number, Watch>;
  call<R>(work: (core: Core) => R): R;
  checked(): unknown;
  expire(): void;
  now(): number;
  settle(): void;
}

/** One opening of an owner. */
export class OpenOwner implements Owner {
  #ttl: number | undefined;
  #due: number | undefined;
  /** @internal */
  over_ = false;
  /** Made when somebody asks for the signal. */
  #ending: AbortController | undefined;
  readonly #host: Host;
  readonly #owners: Owners;

  constructor(
    host: Host,
    owners: Owners,
    readonly name: string,
  ) {
    this.#host = host;
    this.#owners = owners;
  }

  get ended(): boolean {
    this.#host.expire();
    return this.over_;
  }

  get signal(): AbortSignal {
    this.#ending ??= new AbortController();
    if (this.ended) this.abort_();
    return this.#ending.signal;
  }

  get remaining(): number | undefined {
    if (this.ended || this.#due === undefined) return undefined;
    return Math.max(0, this.#due - this.#host.clock.now());
  }

  touch(): void {
    this.#owners.use(this);
  }

  end(): void {
    if (!this.over_) this.#owners.end(this);
  }

  [Symbol.dispose](): void {
    this.end();
  }

  /** @internal Begins its time anew. */
  slide_(now: number, ttl = this.#ttl): void {
    this.#ttl = ttl;
    this.#due = ttl === undefined ? undefined : now + ttl;
  }

  /** @internal Opens it in a kernel that was built anew. */
  retell_(core: Core, now: number): void {
    core.open_owner(this.name, this.#ttl ?? -1, now);
    this.slide_(now);
  }

  /** @internal Tells who listens that it has ended. */
  abort_(): void {
    this.#ending?.abort(over(this.name));
  }

  /** @internal Whether it is one of these. */
  isOf_(owners: Owners): boolean {
    return this.#owners === owners;
  }
}

/** The owners of a session. */
export class Owners {
  readonly #open = new Map<string, OpenOwner>();
  /** Of each owner the keys that were put for it, with their revisions: for a kernel that is built anew. */
  readonly #keys = new Map<string, Map<string, number>>();
  /** Names whose time is over, and of which nothing has ended yet. */
  #expired: string[] = [];
  /** Those that have ended, and whose signals have not aborted yet. */
  #ended: OpenOwner[] = [];

  readonly #host: Host;
  constructor(host: Host) {
    this.#host = host;
  }

  /** Opens an owner, or finds the one that is open under this name; its time begins anew. */
  open(name: string, ttl: number | undefined): Owner {
    const host = this.#host;
    host.expire();
    const now = host.now();
    host.call((core) => core.open_owner(name, ttl ?? -1, now));
    const owner = this.#open.get(name) ?? new OpenOwner(host, this, name);
    this.#open.set(name, owner);
    owner.slide_(now, ttl);
    return owner;
  }

  /** Uses an owner, perhaps to put a key for it: its time begins anew. Returns its name. */
  use(owner: string | Owner, put = false): string {
    const host = this.#host;
    host.checked();
    host.expire();
    const name = typeof owner === "string" ? owner : this.#nameOf(owner);
    const now = host.now();
    host.call((core) => core.use_owner(name, put, now));
    this.#open.get(name)?.slide_(now);
    return name;
  }

  /** A key was put for an owner and has this revision: it is the owner's, until somebody changes it. */
  own(name: string, key: string, revision: number): void {
    const host = this.#host;
    host.call((core) => core.own([key, name], host.now()));
    const keys = this.#keys.get(name) ?? new Map<string, number>();
    this.#keys.set(name, keys.set(key, revision));
    const { cells } = host.mirror;
    if (keys.size <= 2 * cells.size) return;
    // More than there can be: most are not its own any more.
    for (const [known, put] of keys) if (cells.get(known)?.revision !== put) keys.delete(known);
  }

  /** Ends what belongs to an owner, whether or not it was opened; returns how many watches that were. */
  end(owner: OwnerLike): number {
    const opened = owner instanceof OpenOwner;
    if (opened && owner.ended) return 0;
    const whom = opened ? this.#nameOf(owner) : owner;
    const ended = this.#release(whom);
    const open = typeof whom === "string" && this.#open.get(whom);
    if (open) this.#conclude(open);
    this.#host.settle();
    return ended;
  }

  /** The kernel says that the time of an owner is over. */
  expired(name: string): void {
    this.#expired.push(name);
    const open = this.#open.get(name);
    if (open) this.#conclude(open);
  }

  /** Ends what has expired, and tells those who have ended. Called when the mirror shows what the kernel has done. */
  settle(): void {
    if (this.#expired.length > 0) {
      for (const name of this.#expired.splice(0)) {
        // Somebody who was called meanwhile may have opened it again, and goes on with what there is.
        if (!this.#open.has(name)) this.#release(name);
      }
      this.#host.settle();
    }
    if (this.#ended.length > 0) for (const owner of this.#ended.splice(0)) owner.abort_();
  }

  /** Opens those that are open in a kernel that was built anew from these cells, and gives them their keys. */
  retell(cells: readonly Cell[]): void {
    const { core, mirror, clock } = this.#host;
    const now = clock.now();
    const before = new Map(cells.map(({ key, revision }) => [key, revision]));
    for (const owner of this.#open.values()) owner.retell_(core, now);
    for (const [name, keys] of this.#keys) {
      for (const [key, revision] of keys) {
        const cell = mirror.cells.get(key);
        if (cell && before.get(key) === revision) {
          core.own([key, name], now);
          keys.set(key, cell.revision);
        } else keys.delete(key);
      }
    }
  }

  /** The session has ended. */
  close(): void {
    for (const owner of [...this.#open.values()]) this.#conclude(owner);
    this.#keys.clear();
    for (const owner of this.#ended.splice(0)) owner.abort_();
  }

  #nameOf(owner: Owner): string {
    if (!(owner instanceof OpenOwner) || !owner.isOf_(this)) {
      throw new StatehallError("invalid-argument", "an owner is a name, or what owner() of the same hall has returned");
    }
    if (this.#open.get(owner.name) !== owner) throw over(owner.name);
    return owner.name;
  }

  #conclude(owner: OpenOwner): void {
    owner.over_ = true;
    this.#open.delete(owner.name);
    this.#ended.push(owner);
  }

  /** Ends what belongs to somebody. */
  #release(owner: OwnerLike): number {
    const host = this.#host;
    const owned = [...host.watches.values()].filter((watch) => watch.owner === owner);
    for (const watch of owned) watch.stop();
    if (typeof owner !== "string") return owned.length;
    host.strict.endOwner(owner);
    this.#keys.delete(owner);
    // No name would mean all of them.
    if (owner !== "") host.call((core) => core.end_owner(owner, host.now()));
    return owned.length;
  }
}

function over(name: string): StatehallError {
  return new StatehallError("closed", `the owner ${JSON.stringify(name)} has ended; it may be opened again`);
}
