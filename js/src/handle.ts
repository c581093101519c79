/** What a user of statehall sees of a hall: nothing here runs; `hall.ts` implements it. */

import type {
  AcquireOptions,
  Agent,
  Change,
  Changes,
  Context,
  ContextRecord,
  DefaultSchema,
  DeleteOptions,
  Entry,
  IterateOptions,
  Key,
  KeyIn,
  KeyOf,
  Leases,
  Limits,
  NotAcquired,
  Owner,
  OwnerLike,
  OwnerOptions,
  PutOptions,
  Selector,
  Session,
  Since,
  Stop,
  Text,
  UntilOptions,
  Usage,
  Value,
  ValueAt,
  WatchInfo,
  WatchOptions,
  Written,
} from "./contract.js";
import type { StatehallError } from "./error.js";
import type { Machines } from "./machine/contract.js";
import type { Agreeing, Declaration, Settable, Shown, Strict, Variable } from "./variable/contract.js";

/** A shared space, as one agent holds it. */
export interface Hall<S = DefaultSchema> extends Machines {
  readonly name: string;
  readonly agent: Agent;
  /** Sixteen hexadecimal digits, new at every opening, and whenever somebody else uses them (`session-taken`). */
  readonly session: string;
  readonly limits: Limits;
  /** The revision of the last commit. */
  readonly revision: number;
  readonly closed: boolean;
  /** Resolves when a peer's state has arrived, or after 250 ms in which nobody answered. Later arrivals still merge. */
  readonly ready: Promise<void>;

  put<const K extends KeyIn<S>>(key: K, value: ValueAt<S, K>, options?: PutOptions): Written;
  get<const K extends KeyIn<S>>(key: K): ValueAt<S, K> | undefined;
  get<const K extends KeyIn<S>, D>(key: K, fallback: D): ValueAt<S, K> | D;
  has(key: KeyIn<S>): boolean;
  delete(key: KeyIn<S>, options?: DeleteOptions): Written;
  /**
   * Puts `change(current)`, or `change(initial)` if the key is absent (null is not absent), and returns it. `change` is
   * called once: nothing but itself can come between, and if it writes the key, that is a `conflict`.
   */
  update<const K extends KeyIn<S>>(
    key: K,
    initial: ValueAt<S, K>,
    change: (value: ValueAt<S, K>) => ValueAt<S, K>,
  ): ValueAt<S, K>;
  entry<const K extends KeyIn<S>>(key: K): Entry<ValueAt<S, K>, KeyOf<S>> | undefined;
  /** The keys that exist, in key order. All of them without a selector. */
  keys(selector?: Selector): KeyOf<S>[];
  /** Keys and values that exist, in key order. */
  toMap(selector?: Selector): Map<KeyOf<S>, S[keyof S]>;
  /** Deletes what matches and returns how many keys that were. */
  clear(selector?: Selector): number;
  /** What changed after `revision`, one item a key. */
  changes(revision: number, selector?: Selector): Since<S[keyof S], KeyOf<S>>;

  /**
   * Declares what a key may hold, in this session. The same again is the same variable. Every put of the key is judged.
   * What a schema says of the key and what is declared may not contradict one another; the variable is of the narrower type.
   */
  variable<const K extends KeyIn<S>, const D extends Declaration>(
    key: K,
    declaration: D & Strict<D> & Agreeing<D, ValueAt<S, K>>,
  ): Variable<Shown<D, ValueAt<S, K>>, Settable<D, ValueAt<S, K>>, Text<K>>;
  /** The declared keys, in key order, whether or not they are set. */
  variables(selector?: Selector): Variable[];
  /** Takes a declaration back; false if there was none. What is set stays. */
  undeclare(key: KeyIn<S>): boolean;
  /** Sets each variable that takes its value; returns the others with the reason. A batch sets all or none. */
  setMany(
    values: Readonly<Partial<S>> | Iterable<readonly [key: KeyIn<S>, value: S[keyof S]]>,
  ): Map<string, StatehallError>;

  /** Runs `work`; its commands happen all or not at all, and are told once. */
  batch<R>(work: () => R): R;

  watch<const K extends KeyOf<S>>(
    selector: K,
    watcher: (change: Change<ValueAt<S, K>, KeyOf<S>>) => void,
    options?: WatchOptions<ValueAt<S, K>, KeyOf<S>>,
  ): Stop;
  watch(
    selector: Selector,
    watcher: (change: Change<S[keyof S], KeyOf<S>>) => void,
    options?: WatchOptions<S[keyof S], KeyOf<S>>,
  ): Stop;
  watch<const K extends KeyOf<S>>(
    selector: K,
    options?: IterateOptions<ValueAt<S, K>, KeyOf<S>>,
  ): Changes<ValueAt<S, K>, KeyOf<S>>;
  watch(selector: Selector, options?: IterateOptions<S[keyof S], KeyOf<S>>): Changes<S[keyof S], KeyOf<S>>;
  /**
   * The first change for which the condition holds, after the present state has been asked: the values there are, and
   * of keys that are named the absence.
   */
  watchUntil<const K extends KeyOf<S>>(
    selector: K,
    condition: (value: ValueAt<S, K> | undefined, change: Change<ValueAt<S, K>, KeyOf<S>>) => boolean,
    options?: UntilOptions,
  ): Promise<Change<ValueAt<S, K>, KeyOf<S>>>;
  watchUntil(
    selector: Selector,
    condition: (value: S[keyof S] | undefined, change: Change<S[keyof S], KeyOf<S>>) => boolean,
    options?: UntilOptions,
  ): Promise<Change<S[keyof S], KeyOf<S>>>;
  watches(): WatchInfo[];
  /** Opens an owner of the session, or finds the one that is open under this name. Who has a name need not open it. */
  owner(name: string, options?: OwnerOptions): Owner;
  /**
   * Ends everything that belongs to the owner, and returns how many watches that were. Inside a batch its keys go soon
   * after that.
   */
  end(owner: OwnerLike): number;

  /** The context of a name. Its methods and `contexts` fail with `no-authority` in a hall that is shared elsewhere than in a browser. */
  context<V = Value>(key: Key): Context<V>;
  /** All contexts that there are, in the order in which they were created. */
  contexts(): Promise<ContextRecord[]>;
  /**
   * Asks for leases of several names: all of them, or none. Taken in the order of their names, so that owners who ask in
   * this way never wait for one another in a circle; `timeout` is for all of them together.
   */
  acquireAll(
    keys: readonly Key[],
    options?: AcquireOptions & { wait?: true | undefined; timeout?: undefined },
  ): Promise<Leases>;
  acquireAll(keys: readonly Key[], options: AcquireOptions): Promise<Leases | NotAcquired>;
  /** Deletes all contexts that nobody holds; returns how many those were. */
  clearContexts(): Promise<number>;

  /** Another handle to the same session whose changes bear this agent's name. */
  as(agent: Agent): Hall<S>;
  /** Who is here, this session first. */
  sessions(): Session[];
  /** Calls the watcher with `sessions()` whenever somebody comes, goes, or says its name. */
  watchSessions(watcher: (sessions: Session[]) => void): Stop;
  usage(): Usage;

  /** The whole state as bytes: deterministic, versioned, with a checksum. */
  snapshot(): Uint8Array;
  /** Joins the state of a snapshot to this one; of two values of a key the newer stays. */
  restore(snapshot: Uint8Array): void;
  /** The values for people: JSON text with the keys in order. What JSON lacks is shown as text; not an exchange format. */
  export(selector?: Selector): string;

  /** Releases this handle; the last one ends the session. */
  close(): void;
  [Symbol.dispose](): void;
}
