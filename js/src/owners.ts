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

/** What is done with an owner in the kernel. */
const OPEN = 0;
const USE = 1;
const END = 2;

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
    core.owner(this.name, OPEN, this.#ttl ?? -1, now);
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
    host.call((core) => core.owner(name, OPEN, ttl ?? -1, now));
    const owner = this.#open.get(name) ?? new OpenOwner(host, this, name);
    this.#open.set(name, owner);
    owner.slide_(now, ttl);
    return owner;
  }

  /** Uses an owner: its time begins anew. Returns its name. */
  use(owner: string | Owner): string {
    const host = this.#host;
    host.checked();
    host.expire();
    const name = this.nameOf(owner);
    host.call((core) => core.owner(name, USE, -1, host.now()));
    return name;
  }

  /** The name of an owner that is about to be used. */
  nameOf(owner: string | Owner): string {
    if (typeof owner === "string") {
      this.#open.get(owner)?.slide_(this.#host.now());
      return owner;
    }
    if (!(owner instanceof OpenOwner) || !owner.isOf_(this)) {
      throw new StatehallError("invalid-argument", "an owner is a name, or what owner() of the same hall has returned");
    }
    if (owner.over_) throw over(owner.name);
    return this.nameOf(owner.name);
  }

  /** A key was put for an owner, and has this revision: it is the owner's, until somebody changes it. */
  own(name: string, key: string, revision: number): void {
    const keys = this.#keys.get(name) ?? new Map<string, number>();
    this.#keys.set(name, keys.set(key, revision));
    const { cells } = this.#host.mirror;
    if (keys.size <= 2 * cells.size) return;
    // More than there can be: most are not its own any more.
    for (const [known, put] of keys) if (cells.get(known)?.revision !== put) keys.delete(known);
  }

  /** Ends what belongs to an owner, whether or not it was opened; returns how many watches that were. */
  end(owner: OwnerLike): number {
    const opened = owner instanceof OpenOwner;
    if (opened && owner.ended) return 0;
    const whom = opened ? this.nameOf(owner) : owner;
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

  /** Whose the keys of these cells are, for a kernel that is built anew; what is nobody's is forgotten. */
  keysOf(cells: readonly Cell[]): Map<string, string> {
    const revisions = new Map(cells.map(({ key, revision }) => [key, revision]));
    const owners = new Map<string, string>();
    for (const [name, keys] of this.#keys) {
      for (const [key, revision] of keys) if (revisions.get(key) === revision) owners.set(key, name);
    }
    this.#keys.clear();
    return owners;
  }

  /** Opens those that are open in a kernel that was built anew, and knows by now what the keys have there. */
  retell(owners: ReadonlyMap<string, string>): void {
    const { core, mirror, clock } = this.#host;
    for (const owner of this.#open.values()) owner.retell_(core, clock.now());
    for (const [key, name] of owners) this.own(name, key, mirror.cells.get(key)?.revision ?? 0);
  }

  /** The session ends: their keys go. */
  leave(): void {
    this.#host.call((core) => core.owner("", END, -1, this.#host.now()));
  }

  /** The session has ended. */
  close(): void {
    for (const owner of [...this.#open.values()]) this.#conclude(owner);
    this.#keys.clear();
    for (const owner of this.#ended.splice(0)) owner.abort_();
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
    if (owner !== "") host.call((core) => core.owner(owner, END, -1, host.now()));
    return owned.length;
  }
}

function over(name: string): StatehallError {
  return new StatehallError("closed", `the owner ${JSON.stringify(name)} has ended; it may be opened again`);
}
