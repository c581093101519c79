/**
 * A handle to a hall: what one agent does there.
 *
 * Reads come from the mirror. A put of a value to a known key is the hot path: it changes the mirror and calls the
 * watchers, and the kernel catches up at the latest when the turn ends. Everything else takes the slower road through
 * the kernel and its records (see `session.ts`).
 */

import { ChangeStream } from "./changes.js";
import {
  checkArgument,
  checkOptions,
  deleteOptions,
  iterateOptions,
  ownerOptions,
  putOptions,
  untilOptions,
  watchOptions,
} from "./check.js";
import type * as contract from "./contract.js";
import type {
  AcquireOptions,
  Agent,
  ContextRecord,
  Entry,
  Key,
  Limits,
  Metadata,
  OwnerLike,
  Selector,
  Since,
  Stop,
  Usage,
  Value,
  WatchInfo,
  Written,
} from "./contract.js";
import { byName, sessionsOf } from "./crossing.js";
import { ownerName, type Watch } from "./dispatch.js";
import { StatehallError } from "./error.js";
import { exported } from "./export.js";
import type { Hall as Handle } from "./handle.js";
import { keyText, patternOf } from "./key.js";
import type * as machine from "./machine/contract.js";
import type { Place } from "./machine/process.js";
import { startMachine, startServer } from "./machine/start.js";
import { begin } from "./machine/task.js";
import type { Cell } from "./mirror/mirror.js";
import type { Session } from "./session.js";
import { Context, listContexts } from "./strict/context.js";
import { acquireAll } from "./strict/several.js";
import { type Admitted, admit, admitMetadata, handOut, utf8Length } from "./value.js";
import { pairsOf, Variable, type Host as VariableHost } from "./variable/variable.js";
import { checkOwner, checkWaiting, type Opened, openWatch, type Watcher } from "./watching/open.js";
import { stopper } from "./watching/stop.js";
import { until } from "./watching/until.js";

export class Hall implements Handle {
  readonly agent: Agent;
  private readonly origin: number;
  /** @internal */
  readonly owned_ = new Set<Watch>();
  readonly #visitors = new Set<() => void>();
  /** What variables need of this handle. */
  readonly #variables: VariableHost = {
    session: () => this.open(),
    put: (key, value, options) => this.put(key, value, options),
    delete: (key) => this.delete(key),
    replace: (key, show, change, options) =>
      this.#command("update", key, () => this.#change(key, show, change, options)),
    watch: (key, watcher, options, ended) => this.#openWatch(key, watcher, options, { ended, declared: key }),
  };
  /** Where its machines show their states. */
  readonly #place: Place;
  private released = false;

  constructor(
    readonly name: string,
    agent: Agent,
    /** @internal Not `#session_`: tests look at it. */
    readonly session_: Session,
    onError?: ((error: unknown) => void) | undefined,
  ) {
    this.origin = session_.origin(agent);
    this.agent = agent;
    this.#place = {
      session: session_.id,
      put: (key, value) => this.put(key, value),
      delete: (key) => this.delete(key),
    };
    session_.handles.set(this, onError);
  }

  get session(): string {
    return this.session_.id;
  }

  get limits(): Limits {
    return this.session_.limits;
  }

  get revision(): number {
    return this.open().revision;
  }

  get closed(): boolean {
    return this.released || this.session_.closed;
  }

  get ready(): Promise<void> {
    return this.session_.ready;
  }

  put(key: Key, value: unknown, options?: contract.PutOptions): Written {
    const session = this.open();
    session.checkBacklog();
    // Apart, so that a put outside batches makes no closure.
    return session.journal === undefined ? this.set(key, value, options) : this.#putInBatch(key, value, options);
  }

  #putInBatch(key: Key, value: unknown, options?: contract.PutOptions): Written {
    return this.#command("put", key, () => this.set(key, value, options));
  }

  private set(key: Key, value: unknown, options?: contract.PutOptions): Written {
    const session = this.session_;
    const text = typeof key === "string" ? key : keyText(key);
    const cell = session.mirror.cells.get(text);
    if (cell === undefined || options !== undefined || !session.grants(cell)) return this.write(text, value, options);
    if (cell.declared !== undefined && !cell.declared.fits(value)) return this.write(text, value);
    const old = cell.value;
    const { value: admitted, size, same } = admit(value, old, session.limits);
    // A Proxy may have run the caller's code meanwhile.
    if (typeof value === "object" && (cell.value !== old || cell.term !== session.term || this.released))
      return this.write(text, value);
    if (same) return { revision: cell.revision, changed: false, conflict: false };
    const more = size - cell.size;
    if (more > 0 && more > session.room) return this.write(text, value);
    // The hot path: what the kernel would do, it does when it catches up. A batch tells when it is committed.
    const { journal } = session;
    session.now();
    journal?.note(cell);
    // What can fail, because the stack is full, comes before anything has changed.
    session.ahead.add(cell, journal !== undefined, session.mirror.cells.size);
    session.room -= more;
    const revision = session.revision + 1;
    if (journal === undefined) session.revision = revision;
    cell.value = admitted;
    cell.revision = revision;
    cell.size = size;
    cell.origin = this.agent;
    if (cell.watches !== undefined && journal === undefined) {
      session.dispatcher.tellNow(cell.watches, {
        key: text,
        watched: text,
        value: admitted,
        old,
        revision,
        origin: this.agent,
        metadata: undefined,
        initial: false,
        deleted: false,
      });
    }
    return { revision, changed: true, conflict: false };
  }

  /** A put that enters the kernel. */
  private write(text: string, given: unknown, options: contract.PutOptions = {}): Written {
    checkOptions(options, putOptions);
    const session = this.open();
    const { mirror, limits } = session;
    if (options.owner !== undefined) session.expire(); // so that using it changes no cell
    session.call(() => {}); // so that the cell is what the kernel knows
    const cell = session.find(text);
    const key = cell === undefined ? keyText(text) : text;
    const { expect = -1, ttl = -1, touch = false, metadata, owner } = options;
    const facts = metadata === undefined ? undefined : admitMetadata(metadata, cell?.metadata, limits);
    const declared = cell?.declared;
    const value = declared === undefined || declared.fits(given) ? given : declared.judge(given);
    const { value: admitted, size, same } = admit(value, cell?.value, limits);
    const name = owner && session.owners.nameOf(owner);
    const known = cell && (same ? cell.ref : session.journal?.refBefore(cell, admitted, limits));
    const ref = known ?? mirror.hold(admitted);
    const factsRef = facts ? this.#factsRef(key, facts) : 0;
    try {
      const answer = session.call((core) =>
        core.write(
          name === undefined ? key : [key, name],
          ref,
          size,
          factsRef,
          facts?.size ?? 0,
          this.origin,
          expect,
          ttl,
          touch,
          session.now(),
        ),
      );
      const [slot, revision, changed, conflict] = answer as Iterable<number> as [number, number, number, number];
      // From now on the kernel names this key by its slot.
      const written = slot < 0 ? undefined : mirror.at(slot, key);
      if (written && changed === 1) {
        session.journal?.note(written);
        // A renewal is told to nobody, not even to the mirror.
        written.expires = ttl < 0 ? undefined : session.now() + ttl;
        written.term = 0;
        // A batch tells when it is committed, but its own reads see its writes.
        if (session.journal)
          Object.assign(written, {
            ref,
            value: admitted,
            revision,
            origin: this.agent,
            metadata: facts?.value as Metadata | undefined,
          });
      }
      if (name !== undefined && conflict === 0) session.owners.own(name, key, revision);
      return { revision, changed: changed === 1, conflict: conflict === 1 };
    } finally {
      if (!session.closed) session.settle();
    }
  }

  /** The number for metadata: the one there is, if they are the same. */
  #factsRef(key: string, { value, same }: Readonly<Admitted>): number {
    const { mirror } = this.session_;
    return same ? (this.session_.call((core) => core.entry(key))[3] as number) : mirror.hold(value);
  }

  get(key: Key, fallback?: unknown): never {
    const value = this.cell(key)?.value;
    return (value === undefined ? fallback : handOut(value)) as never;
  }

  has(key: Key): boolean {
    return this.cell(key)?.value !== undefined;
  }

  delete(key: Key, options: contract.DeleteOptions = {}): Written {
    return this.#command("delete", key, () => this.#remove(key, options));
  }

  #remove(key: Key, options: contract.DeleteOptions): Written {
    checkOptions(options, deleteOptions);
    const session = this.session_;
    const text = keyText(key);
    const { expect = -1, touch = false } = options;
    const answer = session.act((core) => core.delete(text, this.origin, expect, touch, session.now()));
    const [revision, changed, conflict] = answer as Iterable<number> as [number, number, number];
    const cell = session.mirror.cells.get(text);
    if (session.journal && changed === 1 && cell) this.#drop(cell);
    return { revision, changed: changed === 1, conflict: conflict === 1 };
  }

  update(key: Key, initial: unknown, change: (value: never) => unknown): never {
    return this.#command("update", key, () => {
      checkArgument("the third argument of update", change, "callable");
      this.#change(
        key,
        (value) => (value === undefined ? admit(initial, undefined, this.limits).value : value),
        change,
      );
      return this.get(key);
    });
  }

  /** Puts what `change` makes of what it is shown. */
  #change(
    key: Key,
    show: (value: Value | undefined) => Value | undefined,
    change: (value: never) => unknown,
    options?: () => contract.PutOptions | undefined,
  ): void {
    const current = this.cell(key);
    // Copied: the cell changes. All puts of a batch have one revision, so that alone tells too little.
    const before = { value: current?.value, revision: current?.revision ?? 0 };
    // What the function is given is admitted, so that it sees what a watcher would see.
    const given = show(current?.value);
    let value: unknown;
    try {
      value = change((given === undefined ? given : handOut(given)) as never);
    } catch (cause) {
      throw new StatehallError("callback-failed", `the function of update("${keyText(key)}") threw`, { cause });
    }
    const now = this.cell(key);
    if (!Object.is(now?.value, before.value) || (now?.revision ?? 0) !== before.revision) {
      const detail = `the function of update("${keyText(key)}") changed that key itself; return the new value instead`;
      throw new StatehallError("conflict", detail);
    }
    this.set(key, value, options?.());
  }

  variable(key: Key, declaration: unknown): never {
    const session = this.open();
    return new Variable(this.#variables, session.declared.declare(keyText(key), declaration)) as never;
  }

  variables(selector?: Selector): never[] {
    const session = this.open();
    const pattern = selector === undefined ? [] : patternOf(selector);
    const keys = session.call((core) => core.declared(pattern));
    return keys.map((key) => new Variable(this.#variables, session.declared.known(key)) as never);
  }

  undeclare(key: Key): boolean {
    const session = this.open();
    const undeclared = session.declared.undeclare(keyText(key));
    session.settle();
    return undeclared;
  }

  setMany(values: unknown): Map<string, StatehallError> {
    const session = this.open();
    const refused = new Map<string, StatehallError>();
    for (const [key, value] of pairsOf(values)) {
      try {
        new Variable(this.#variables, session.declared.known(keyText(key))).set(value);
      } catch (error) {
        if (!(error instanceof StatehallError)) throw error;
        refused.set(Array.isArray(key) ? key.join("/") : String(key), error);
      }
    }
    return refused;
  }

  entry(key: Key): never {
    const cell = this.cell(key);
    if (cell?.value === undefined) return undefined as never;
    const session = this.session_;
    return session.call((core): Entry => {
      const numbers = core.entry(cell.key) as unknown as Iterable<number>;
      const [revision, updated, expires, metadata] = numbers as unknown as [number, number, number, number];
      return {
        key: cell.key,
        value: handOut(cell.value as Value),
        revision,
        origin: core.entry_origin(cell.key),
        metadata: metadata === 0 ? undefined : (handOut(session.mirror.values[metadata] as Value) as Metadata),
        updated,
        expires: expires < 0 ? undefined : expires,
      };
    }) as never;
  }

  keys(selector?: Selector): string[] {
    return this.#selected(selector).map((cell) => cell.key);
  }

  toMap(selector?: Selector): Map<string, never> {
    return new Map(this.#selected(selector).map((cell) => [cell.key, handOut(cell.value as Value) as never]));
  }

  clear(selector?: Selector): number {
    return this.#command("clear", undefined, () => this.#removeAll(selector));
  }

  #removeAll(selector: Selector | undefined): number {
    const session = this.session_;
    const pattern = selector === undefined ? [] : patternOf(selector);
    const cells = session.journal ? this.#selected(selector) : [];
    const count = session.act((core) => core.clear(pattern, this.origin, session.now()));
    for (const cell of cells) this.#drop(cell);
    return count;
  }

  changes(revision: number, selector?: Selector): Since<never> {
    checkArgument("the revision", revision, "whole");
    const session = this.open();
    const pattern = selector === undefined ? [] : patternOf(selector);
    session.expire();
    const pairs = session.call((core) => core.changes(pattern, revision));
    if (pairs[0] === 1) return { compacted: true, revision: session.revision };
    const changes: Since.Item[] = [];
    for (let i = 1; i < pairs.length; i += 2) {
      const { key, value } = session.mirror.at(pairs[i] as number) as Cell;
      const out = value === undefined ? undefined : handOut(value);
      changes.push({ key, value: out, revision: pairs[i + 1] as number, deleted: value === undefined });
    }
    return { compacted: false, revision: session.revision, changes: changes as never };
  }

  batch<R>(work: () => R): R {
    checkArgument("the argument of batch", work, "callable");
    const session = this.open();
    return session.batch(() => {
      const result = work();
      if (result instanceof Promise) {
        result.catch(() => {});
        throw new StatehallError("invalid-argument", "a batch is synchronous: its function must not return a promise");
      }
      // The function may have closed this handle.
      this.open();
      return result;
    });
  }

  watch(selector: Selector, ...rest: unknown[]): never {
    if (rest.length > 1) checkArgument("the watcher", rest[0], "callable");
    const watcher = typeof rest[0] === "function" ? (rest.shift() as Watcher) : undefined;
    const [options = {}] = rest as [contract.WatchOptions?];
    checkOptions(options, watcher ? watchOptions : iterateOptions);
    return (watcher ? this.#listen(selector, watcher, options) : this.#iterate(selector, options)) as never;
  }

  #listen(selector: Selector, watcher: Watcher, options: contract.WatchOptions): Stop {
    checkWaiting(options);
    return stopper(this.#openWatch(selector, watcher, options).stop);
  }

  #iterate(selector: Selector, options: contract.IterateOptions): ChangeStream {
    const stream = new ChangeStream(this.open());
    // Without a policy the changes wait in the kernel.
    const { capacity = this.limits.queue, overflow } = options;
    const watch = this.#openWatch(selector, () => stream.wake(), options, {
      capacity: overflow === undefined ? capacity : undefined,
      ended: () => stream.end(),
    });
    stream.read(watch);
    return stream;
  }

  #openWatch(selector: Selector, watcher: Watcher, options: contract.WatchOptions, more: Partial<Opened> = {}): Watch {
    const { owner } = options;
    const session = this.open();
    checkOwner(options, owner instanceof Hall);
    const holders = owner instanceof Hall ? [this, owner] : [this];
    return openWatch(selector, watcher, options, { session, holders, ...more });
  }

  watches(): WatchInfo[] {
    const session = this.open();
    return [...session.watches.values()].map((watch) => {
      const { selector, outlet } = watch;
      const heard = outlet?.target ?? watch;
      const { queued, missed } = outlet ?? session.queue(watch);
      const lastError = heard.lastError ?? watch.lastError;
      return { selector, owner: ownerName(watch), delivered: heard.delivered, queued, missed, lastError };
    });
  }

  async watchUntil(
    selector: Selector,
    condition: (value: never, change: never) => unknown,
    options: contract.UntilOptions = {},
  ): Promise<never> {
    checkArgument("the condition", condition, "callable");
    checkOptions(options, untilOptions);
    const open = (ask: Watcher, ended: () => void) => this.#openWatch(selector, ask, { initial: true }, { ended });
    return until(this.open(), condition as Parameters<typeof until>[1], options, open) as Promise<never>;
  }

  owner(name: string, options: contract.OwnerOptions = {}): contract.Owner {
    checkArgument("an owner's name", name, "text");
    checkOptions(options, ownerOptions);
    return this.open().owners.open(name, options.ttl);
  }

  end(owner: OwnerLike): number {
    checkArgument("an owner", owner, "owner");
    return this.open().owners.end(owner);
  }

  context(key: Key): contract.Context<never> {
    const session = this.open();
    const text = keyText(key);
    session.call((core) => core.check_key(text));
    const size = utf8Length(text);
    const { keyBytes } = this.limits;
    if (size > keyBytes) throw new StatehallError("limit", `keyBytes is at most ${keyBytes}, this needs ${size}`);
    return new Context(text, this.agent, this.limits, () =>
      this.open().strict.authority(),
    ) as unknown as contract.Context<never>;
  }

  async contexts(): Promise<ContextRecord[]> {
    return listContexts(this.open().strict.authority());
  }

  acquireAll(keys: readonly Key[], options: AcquireOptions = {}): Promise<never> {
    const now = () => this.session_.clock.now();
    return acquireAll(keys, options, (key) => this.context(key), now) as Promise<never>;
  }

  async clearContexts(): Promise<number> {
    let cleared = 0;
    for (const { id } of await this.contexts()) cleared += Number((await this.context(id).delete()).committed);
    return cleared;
  }

  machine(definition: unknown, restore?: machine.RestoreOptions): never {
    return startMachine(this.open().machines, this.#place, definition, restore) as never;
  }

  server(definition: unknown, restore?: machine.RestoreOptions): never {
    return startServer(this.open().machines, this.#place, definition, restore) as never;
  }

  task<R>(work: (signal: AbortSignal) => R | Promise<R>, options: machine.TaskOptions = {}): machine.Task<R> {
    return begin(work, options, this.open());
  }

  as(agent: Agent): Handle {
    checkArgument("an agent's name", agent, "text");
    return new Hall(this.name, agent, this.open());
  }

  sessions(): contract.Session[] {
    const session = this.open();
    return sessionsOf(session.call((core) => core.sessions(session.now())));
  }

  watchSessions(watcher: (sessions: contract.Session[]) => void): Stop {
    checkArgument("the watcher", watcher, "callable");
    const session = this.open();
    const visitor = () => watcher(this.sessions());
    session.visitors.add(visitor);
    this.#visitors.add(visitor);
    return stopper(() => {
      session.visitors.delete(visitor);
      this.#visitors.delete(visitor);
    });
  }

  usage(): Usage {
    const session = this.open();
    const usage = byName(session.call((core) => core.usage())) as { queued: number; variables: number };
    usage.variables = session.declared.all().length;
    for (const { outlet } of session.watches.values()) usage.queued += outlet?.queued ?? 0;
    return usage as unknown as Usage;
  }

  snapshot(): Uint8Array {
    const session = this.open();
    return session.act((core) => {
      session.seal();
      return core.snapshot();
    });
  }

  restore(snapshot: Uint8Array): void {
    if (!(snapshot instanceof Uint8Array)) {
      throw new StatehallError("invalid-argument", "a snapshot is a Uint8Array, as snapshot() returned it");
    }
    this.open().restore(snapshot);
  }

  export(selector?: Selector): string {
    return exported(this.#selected(selector));
  }

  close(): void {
    if (this.released) return;
    if (!this.session_.closed) this.session_.machines.close(this.#place);
    this.released = true;
    for (const watch of [...this.owned_]) watch.stop();
    for (const visitor of this.#visitors) this.session_.visitors.delete(visitor);
    this.session_.leave(this, this.agent);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  private open(): Session {
    if (this.released) this.#refuse();
    return this.session_.checked();
  }

  #refuse(): never {
    throw new StatehallError("closed", `this handle to the hall "${this.name}" is closed`);
  }

  /** Carries out a command, inside a batch as one of it. */
  #command<R>(verb: string, key: Key | undefined, work: () => R): R {
    const session = this.open();
    session.checkBacklog();
    return session.journal ? session.journal.command(verb, key, work) : work();
  }

  private cell(key: Key): Cell | undefined {
    const session = this.open();
    return session.find(typeof key === "string" ? key : keyText(key)) ?? session.absent(keyText(key));
  }

  #selected(selector: Selector | undefined): Cell[] {
    const session = this.open();
    session.expire();
    const pattern = selector === undefined ? [] : patternOf(selector);
    const slots = session.call((core) => core.select(pattern));
    return Array.from(slots, (slot) => session.mirror.at(slot) as Cell);
  }

  /** Mirrors a delete inside a batch. */
  #drop(cell: Cell): void {
    this.session_.journal?.note(cell);
    Object.assign(cell, { term: 0, ref: 0, value: undefined, revision: 0, metadata: undefined, expires: undefined });
  }
}
