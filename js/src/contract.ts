/// <reference lib="esnext.disposable" preserve="true" />

/**
 * What a user of statehall sees: the types of everything that a hall takes and hands out. The hall itself is in `handle.ts`.
 *
 * Nothing here runs. `hall.ts` implements it; `index.ts` exports it.
 */

/** A value that a hall can store. Stored values are frozen; byte arrays are copied in and out. */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Value[]
  | { readonly [member: string]: Value | undefined };

/** Facts about an entry that are not its value: a plain object of storable values. */
export type Metadata = { readonly [member: string]: Value | undefined };

/** Text with segments joined by `/` (`~1` is a `/` and `~0` a `~` inside a segment), or the segments themselves. */
export type Key = string | readonly string[];

/** The shape of a hall: key patterns (template literals work) to the types of their values. */
export type AnySchema = { readonly [key: string]: unknown };

/** What an untyped hall holds. */
export type DefaultSchema = { readonly [key: string]: Value };

/** The keys of a schema, as text. */
export type KeyOf<S> = Extract<keyof S, string>;

/** Who acts: any text of 1 to 256 bytes. */
export type Agent = string;

/** What ends the things that belong to it: a name, an owner that was opened, an AbortSignal or a handle of this hall. */
export type OwnerLike = string | Owner | AbortSignal | { readonly agent: Agent; close(): void };

/**
 * A name to which watches, leases and keys belong, from `hall.owner()`. When it ends or expires its watches end, its
 * leases go to the next in line, and the keys that were put for it and have not been changed since are deleted, in one
 * commit. Each use begins its time anew: a put, a watch or a lease asked for with it or its name, `touch`, and opening it
 * again. What an agent of the same name does is none. It is of this session: other sessions see entries and deletes, and
 * no snapshot holds it. When the session ends, so do its owners.
 */
export interface Owner {
  readonly name: string;
  /** True when it has ended, whoever goes by its name now: all that is asked in its name is refused as `closed`. */
  readonly ended: boolean;
  /** Aborts when it has ended. */
  readonly signal: AbortSignal;
  /** In how many milliseconds it expires unless it is used; undefined if it does not, or has ended. */
  readonly remaining: number | undefined;
  /** Begins its time anew. */
  touch(): void;
  /** Ends it, as `hall.end` does. */
  end(): void;
  [Symbol.dispose](): void;
}

/** How an owner is opened. */
export interface OwnerOptions {
  /**
   * Milliseconds that it lasts from its last use, at least 1. Unless given it lasts until it is ended or the session is;
   * if it is open already, for as long as was given before.
   */
  readonly ttl?: number | undefined;
}

/** A key, a list of keys, or a key with `*` for one segment or a final `**` for one or more. */
export type Selector = Key | { readonly keys: readonly Key[] };

/** One visible change of one entry, as a watcher hears it. */
export interface Change<V = Value, K extends string = string> {
  /** The key that changed, as text. */
  readonly key: K;
  /** The selector, as it was given to `watch`. */
  readonly watched: Selector;
  /** The value now; `undefined` if the entry is absent. */
  readonly value: V | undefined;
  /** The value before; `undefined` if the entry was absent. */
  readonly old: V | undefined;
  /** The commit that made the change. */
  readonly revision: number;
  /** The agent that made the change. */
  readonly origin: Agent;
  /** The metadata of the entry. */
  readonly metadata: Metadata | undefined;
  /** True for a value that was there when the watch began. */
  readonly initial: boolean;
  /** True if the entry is gone now: deleted or expired. */
  readonly deleted: boolean;
  /** How many changes were lost right before this one, if any were: of a watch with `deliver` or `overflow`. */
  readonly missed?: number;
}

/**
 * A filter as data. Every condition that it names must hold; each is asked with the value before and the value now, of
 * which either may be absent.
 */
export interface Filter<V = Value> {
  /** Changed by at least this much; also became a number, or ceased to be one. */
  readonly delta?: number | undefined;
  /** Reached this number from below, or fell below it; also became a number, or ceased to be one. */
  readonly crosses?: number | undefined;
  /** Is this value now. */
  readonly equals?: V | undefined;
  /** Became one of these values, and was another. */
  readonly becomes?: readonly V[] | undefined;
  /** `"set"` is `"created"` or `"changed"`. */
  readonly kind?: "created" | "changed" | "set" | "deleted" | undefined;
  /** What the value before is: the previous one (as told) or, of this key, the last that this filter let pass. */
  readonly against?: "previous" | "delivered" | undefined;
}

/**
 * When a watcher is called: in the microtask, the animation frame or the time after the first change that waits. A page
 * that is hidden has no frames.
 */
export type Deliver = "now" | "microtask" | "frame" | { readonly every: number };

/** How changes wait. */
export interface WaitingOptions {
  /** When the watcher is called; `"now"` unless told. Initial values never wait. */
  readonly deliver?: Deliver | undefined;
  /** Changes that may wait, `limits.queue` unless told. Initial values do not count. */
  readonly capacity?: number | undefined;
  /**
   * What waits when there is more: with `"coalesce"` one change a key, from the first `old` to the last `value`, and
   * past the capacity the oldest go; with `"drop-oldest"` every change, and the oldest go; with `"close"` every change,
   * and the watch ends and reports `limit`. A watcher that waits coalesces unless told, a reader drops the oldest.
   */
  readonly overflow?: "coalesce" | "drop-oldest" | "close" | undefined;
}

/** One entry with everything known about it. Times are Unix milliseconds. */
export interface Entry<V = Value, K extends string = string> {
  readonly key: K;
  readonly value: V;
  readonly revision: number;
  readonly origin: Agent;
  readonly metadata: Metadata | undefined;
  /** When the value was last written, by the writer's clock. */
  readonly updated: number;
  /** When it expires, if it has a time to live. */
  readonly expires: number | undefined;
}

/** What a write did. A lost `expect` is an outcome, not an error. */
export interface Written {
  /** The revision of the entry now; 0 if it is absent. */
  readonly revision: number;
  /** False if the write changed nothing. */
  readonly changed: boolean;
  /** True if `expect` did not hold; nothing was written. */
  readonly conflict: boolean;
}

/** How a value is written. A changed value loses the metadata and the time to live of the one before it. */
export interface PutOptions {
  /** Write only if the entry has this revision; 0: only if it is absent. */
  readonly expect?: number | undefined;
  readonly metadata?: Metadata | undefined;
  /** Milliseconds until the entry expires, at least 1. Putting an equal value renews it, and nobody is told. */
  readonly ttl?: number | undefined;
  /** Count as a change, and notify, even if the value is the same. */
  readonly touch?: boolean | undefined;
  /**
   * Delete the entry when this owner ends, unless it has been changed by then. Without it the entry stays once its value
   * changes. A name need not have been opened.
   */
  readonly owner?: string | Owner | undefined;
}

/** How a key is deleted. */
export type DeleteOptions = Pick<PutOptions, "expect" | "touch">;

/** How a watch begins, what it passes on, when it calls and when it ends. */
export interface WatchOptions<V = Value, K extends string = string> extends WaitingOptions {
  /** First deliver what is there now, as one consistent snapshot in key order. */
  readonly initial?: boolean | undefined;
  /** Only changes for which this is true. A function that throws is reported, and the change is told. */
  readonly filter?: ((change: Change<V, K>) => boolean) | Filter<V> | undefined;
  /** End after the first delivered change. */
  readonly once?: boolean | undefined;
  /** End when the owner ends. */
  readonly owner?: OwnerLike | undefined;
  /** End when the signal aborts. */
  readonly signal?: AbortSignal | undefined;
}

/** How an iterated watch waits for a slow reader. */
export type IterateOptions<V = Value, K extends string = string> = Omit<WatchOptions<V, K>, "deliver">;

/** How long `watchUntil` waits. */
export interface UntilOptions {
  /** Rejects with the signal's reason when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /** Rejects with `timeout` after so many milliseconds. */
  readonly timeout?: number | undefined;
}

/** Ends a watch. Callable, disposable and idempotent. */
export interface Stop {
  (): void;
  unsubscribe(): void;
  [Symbol.dispose](): void;
}

/** Changes to iterate over with `for await`. Leaving the loop ends the watch. */
export interface Changes<V = Value, K extends string = string> extends AsyncIterableIterator<Change<V, K>> {
  /** The oldest change that waits, without waiting for one. */
  take(): Change<V, K> | undefined;
  /** Changes lost so far because the reader was slower than the capacity allows. */
  readonly missed: number;
  stop(): void;
  [Symbol.dispose](): void;
}

/** One open watch, as `hall.watches()` lists it. */
export interface WatchInfo {
  readonly selector: Selector;
  readonly owner: string | undefined;
  /** Changes passed to the watcher so far. */
  readonly delivered: number;
  /** Changes waiting for an iterating reader, or to be delivered. */
  readonly queued: number;
  /** Changes dropped because more waited than the capacity allows. */
  readonly missed: number;
  /** What its watcher or filter threw last. */
  readonly lastError: Error | undefined;
}

/** The net changes after a revision, oldest first, or `compacted` when the hall no longer knows. */
export type Since<V = Value, K extends string = string> =
  | { readonly compacted: false; readonly revision: number; readonly changes: readonly Since.Item<V, K>[] }
  | { readonly compacted: true; readonly revision: number };
export declare namespace Since {
  interface Item<V = Value, K extends string = string> {
    readonly key: K;
    readonly value: V | undefined;
    readonly revision: number;
    readonly deleted: boolean;
  }
}

/** A session of this hall: a tab, worker, isolate or program. */
export interface Session {
  /** Sixteen hexadecimal digits, new at every opening. */
  readonly id: string;
  readonly agent: Agent;
  /** True for the session that answers. */
  readonly self: boolean;
  /** Unix milliseconds when it was last heard. */
  readonly seen: number;
}

/** What the hall uses now; the maxima are in `limits`. */
export interface Usage {
  readonly entries: number;
  readonly tombstones: number;
  /** Encoded bytes of keys, values and metadata. */
  readonly bytes: number;
  /** Declared keys, whether or not they are set. */
  readonly variables: number;
  readonly watches: number;
  /** Changes waiting for iterating readers, or to be delivered. */
  readonly queued: number;
  readonly sessions: number;
  readonly framesIn: number;
  readonly framesOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Frames that were refused and changed nothing. */
  readonly framesDropped: number;
  /** Stamps heard that were ahead of the clock. */
  readonly clockAhead: number;
}

/** Upper bounds, each decided before anything changes. Sizes are bytes as encoded. */
export interface Limits {
  readonly keyBytes: number;
  readonly segments: number;
  readonly valueBytes: number;
  readonly valueDepth: number;
  readonly metadataBytes: number;
  readonly entries: number;
  readonly bytes: number;
  readonly tombstones: number;
  readonly watches: number;
  /** Owners that are open or have keys; and of those that have ended, how many are remembered. */
  readonly owners: number;
  /** Keys in one `{ keys }` selector. */
  readonly selectorKeys: number;
  /** Changes kept for one iterating reader. */
  readonly queue: number;
  /** Changes waiting to be told, because watchers write faster than they are called. */
  readonly notices: number;
  /** Sessions remembered. */
  readonly sessions: number;
  /** Bytes of one frame on a channel. */
  readonly frameBytes: number;
  /** Bytes of all messages being put together from frames, of which a larger one is refused; and of frames waiting to be sent. */
  readonly messageBytes: number;
  /** Processes that run. */
  readonly processes: number;
  /** Messages that wait for one process; past it the sender is refused. */
  readonly mailbox: number;
  /** Events that one machine has postponed; one that postpones more ends. */
  readonly postponed: number;
}

/** Where a hall's time comes from. Tests bring their own. */
export interface Clock {
  /** Unix milliseconds. */
  now(): number;
  /** Milliseconds that never go back. */
  monotonic(): number;
  /** Calls `wake` once after `delay` milliseconds, and returns how to cancel that. */
  setTimer(wake: () => void, delay: number): () => void;
}

/** Carries frames between the sessions of one hall. Frames may be lost, doubled and reordered. */
export interface Adapter {
  /** Joins; `receive` is to be called with every frame of the others. */
  open(hall: { readonly name: string; readonly receive: (frame: Uint8Array) => void }): void;
  /** Sends one frame to all others. The bytes must not be changed. */
  send(frame: Uint8Array): void;
  /** Leaves. `open` may be called again later. */
  close(): void;
}

/** Who holds a context. */
export interface Holder {
  readonly owner: string;
  /** The number of the grant: it grows from one to the next. */
  readonly fence: number;
  readonly mode: "exclusive" | "shared";
  /** Until when, in Unix milliseconds; without an end until it is given back, or its session ends. */
  readonly deadline: number | undefined;
}

/** What became of a change of a context, with what one needs to go on. What is not committed has changed nothing. */
export type Commit<V = Value> =
  | { readonly committed: true; readonly version: number }
  | { readonly committed: false; readonly reason: "missing" }
  /** There is one already, or it has another version: which, and what it is. */
  | { readonly committed: false; readonly reason: "exists" | "conflict"; readonly version: number; readonly value: V }
  | { readonly committed: false; readonly reason: "held"; readonly holder: Holder; readonly waiting: number }
  /** The lease is not held any more; `because` if somebody has taken it away. */
  | {
      readonly committed: false;
      readonly reason: "lease-lost";
      readonly holder: Holder | undefined;
      readonly because: string | undefined;
    }
  /** An operation of the patch does not apply: which, from 0, where, and why. */
  | {
      readonly committed: false;
      readonly reason: "inapplicable";
      readonly operation: number;
      readonly path: string;
      readonly problem: "missing" | "not-container" | "not-place" | "test-failed" | "into-itself" | "whole";
    };

/** A context as it was when it was read: plain, and the caller's own. Times are ISO 8601 in UTC. */
export interface ContextRecord<V = Value> {
  readonly id: string;
  readonly version: number;
  readonly data: V;
  readonly lockedBy: string | undefined;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** A record that may have come from elsewhere, without its times. */
export type ImportedContext<V = Value> = Omit<ContextRecord<V>, "createdAt" | "updatedAt"> & {
  readonly createdAt: string | undefined;
  readonly updatedAt: string | undefined;
};

/** A context as a plain object, as other programs exchange it: see `contextToValue`. */
export interface StoredContext<V = Value> {
  readonly context_id: string;
  readonly version: number;
  readonly data: V;
  readonly locked_by: string | null;
  readonly created_at: string | null;
  readonly updated_at: string | null;
}

/** A new version of a context, larger than any that the same watch has told before. */
export interface ContextChange<V = Value> {
  readonly id: string;
  readonly version: number;
  /** Undefined if the document is deleted. */
  readonly value: V | undefined;
  readonly deleted: boolean;
  /** True for what was there when the watch began. */
  readonly initial: boolean;
}

/** How a context is watched. */
export interface ContextWatchOptions {
  /** True: what is there now comes first, if anything is. */
  readonly initial?: boolean | undefined;
  /** Ends the watch. */
  readonly signal?: AbortSignal | undefined;
}

/** New versions to iterate over: of those that came since the last was taken, only the newest. */
export interface ContextChanges<V = Value> extends AsyncIterableIterator<ContextChange<V>, undefined> {
  next(): Promise<IteratorResult<ContextChange<V>, undefined>>;
  stop(): void;
  [Symbol.asyncIterator](): this;
  [Symbol.dispose](): void;
}

/** How a context stands. */
export interface ContextStatus {
  /** The version of the document; of a deleted one the last. */
  readonly version: number;
  readonly holders: readonly Holder[];
  /** The owners that wait, the next one first. */
  readonly waiting: readonly string[];
}

/** What a change relies on: the version that is there, or a lease that is held. */
export interface ChangeOptions {
  readonly expect?: number | undefined;
  readonly lease?: Lease | undefined;
}

/** How a lease is asked for. */
export interface AcquireOptions {
  /** For whom; the agent of the handle unless told. An owner that holds it already gets more time. */
  readonly owner?: string | Owner | undefined;
  /** Alone, or beside others who share it. Default exclusive. */
  readonly mode?: "exclusive" | "shared" | undefined;
  /** Milliseconds until it is over unless it is renewed, which happens by itself. Default 15,000. */
  readonly ttl?: number | undefined;
  /** False: it is not renewed by itself. */
  readonly renew?: boolean | undefined;
  /** False: do not wait in line. */
  readonly wait?: boolean | undefined;
  /** Milliseconds to wait at most. */
  readonly timeout?: number | undefined;
  /** Gives up the place in line. */
  readonly signal?: AbortSignal | undefined;
}

/** A lease that is held, until it is released, lost, or leaves an `await using`. */
export interface Lease {
  readonly acquired: true;
  readonly owner: string;
  readonly fence: number;
  /** Aborts when it is lost. A write under it finds out by itself. */
  readonly signal: AbortSignal;
  /** Gives it its time anew, or another one; false if it is not held any more. */
  renew(ttl?: number): Promise<boolean>;
  /** Gives it back; false if it was not held any more. */
  release(): Promise<boolean>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Leases of several names, all held until they are released together, or leave an `await using`. */
export interface Leases {
  readonly acquired: true;
  /** In the order of their names. */
  readonly leases: readonly Lease[];
  /** Gives all back; false if one was not held any more. */
  release(): Promise<boolean>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A lease that was not to be had: somebody holds it, or the time to wait was over. */
export interface NotAcquired {
  readonly acquired: false;
  readonly reason: "held" | "timeout";
  readonly holder: Holder | undefined;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * A versioned document, the same in every tab, and whoever holds it. Ordered across tabs, so asynchronous.
 * Versions count from 1 and never come again.
 */
export interface Context<V = Value> {
  readonly id: string;
  get(): Promise<ContextRecord<V> | undefined>;
  create(value: V, options?: Pick<ChangeOptions, "lease">): Promise<Commit<V>>;
  /** Replaces the document; checked in this order: is it there, who holds it, its version. */
  replace(value: V, options: ChangeOptions): Promise<Commit<V>>;
  /** Changes a part: a list is a JSON Patch (RFC 6902), anything else a merge patch (RFC 7396). All of it or nothing. */
  patch(patch: unknown, options?: ChangeOptions): Promise<Commit<V>>;
  delete(options?: ChangeOptions): Promise<Commit<V>>;
  /**
   * Calls the listener with the newest version whenever there is one, made in whatever tab: versions only grow, and the
   * last is always told; of several that came meanwhile only the newest is. Ends with the handle, too.
   */
  watch(listener: (change: ContextChange<V>) => unknown, options?: ContextWatchOptions): Stop;
  /** The same, to iterate over. */
  watch(options?: ContextWatchOptions): ContextChanges<V>;
  /** Who holds it, and who waits. */
  query(): Promise<ContextStatus>;
  /** Asks for a lease, first in, first out. There need not be a document. */
  acquire(options?: AcquireOptions & { wait?: true | undefined; timeout?: undefined }): Promise<Lease>;
  acquire(options: AcquireOptions): Promise<Lease | NotAcquired>;
  /** Takes the lease from whoever holds it; true if somebody did. */
  forceRelease(reason?: string): Promise<boolean>;
  /** A lease without an end: true if the owner holds it now; undefined if there is no document. */
  lock(owner?: string): Promise<boolean | undefined>;
  /** True if the owner held it; undefined if there is no document. */
  unlock(owner?: string): Promise<boolean | undefined>;
}

/** How a hall is opened. */
export interface HallOptions {
  /** The hall's name, 1 to 256 bytes; halls of one name on one channel are one hall. Default `"default"`. */
  readonly name?: string | undefined;
  /** The origin of this handle's changes. Default `"anonymous"`. */
  readonly agent?: Agent | undefined;
  /** Share with other tabs and workers (`true`: BroadcastChannel), over adapters, or not at all. */
  readonly share?: boolean | readonly Adapter[] | undefined;
  readonly clock?: Clock | undefined;
  /** Randomness, for tests; otherwise the platform's own. */
  readonly seed?: bigint | undefined;
  readonly limits?: Partial<Limits> | undefined;
  /** Whether a commit of a context waits until it is on the disk (`strict`), where a browser stores it. Default `relaxed`. */
  readonly durability?: "strict" | "relaxed" | undefined;
  /** False: watchers hear nothing. Reads and `changes` still work. Default true. */
  readonly notify?: boolean | undefined;
  /** Told of what a watcher threw and of refused frames. Default: the platform's error report. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** Joins segments into key text, at the level of types. */
export type Text<K> = K extends string
  ? K
  : K extends readonly [infer Only extends string]
    ? Only
    : K extends readonly [infer First extends string, ...infer Rest extends readonly string[]]
      ? `${First}/${Text<Rest>}`
      : string;

/** The value type that a schema gives to a key. */
export type ValueAt<S, K> = Text<K> extends keyof S ? S[Text<K>] : S[keyof S];

/** The keys of a schema that one may name. */
export type KeyIn<S> = KeyOf<S> | readonly string[];
