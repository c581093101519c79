/**
 * One session of a hall: the kernel, its mirror, its watchers, its channels and its time.
 *
 * A turn begins with the first command after the host's loop comes back to us: the clock is read once. It ends in a
 * microtask: what was written is encoded, sent and told to whoever asked, and the next timer is armed. After every call
 * of the kernel that may have caused something, `settle` carries out what it did: the mirror first, then what can be let
 * go, then the watchers. Nothing is borrowed while a watcher runs.
 *
 * Should the kernel trap, its instance is replaced and the hall rebuilt from the mirror: as a new session, with the same
 * watches. What others have been told keeps its age (they may know better), what they have not is written anew.
 */

import { Agents } from "./agents.js";
import { Alarm, Gate } from "./clock.js";
import { Encoder } from "./codec.js";
import type { Agent, Clock, Limits, Value } from "./contract.js";
import { instance, instantiate } from "./core.js";
import { byName, type Core } from "./crossing.js";
import { Dispatcher, type Told, type Watch, type Watches } from "./dispatch.js";
import { readError, StatehallError, tellOf } from "./error.js";
import { Machines } from "./machine/machines.js";
import { Ahead } from "./mirror/ahead.js";
import { Journal } from "./mirror/journal.js";
import { type Cell, Mirror, mirrorChange, whole } from "./mirror/mirror.js";
import * as records from "./mirror/record.js";
import { rewriteAll } from "./mirror/rewrite.js";
import { type Opening, openCore } from "./opening.js";
import { Owners } from "./owners.js";
import { Bus } from "./share/bus.js";
import { tellVisitors } from "./share/visitors.js";
import { start } from "./start.js";
import { Strict } from "./strict/strict.js";
import { admit } from "./value.js";
import { DeclaredKeys } from "./variable/declared.js";

/** A timer that comes this late means that the session was frozen or suspended, and may have missed anything. */
const ASLEEP_MS = 5_000;

/** By what the kernel multiplies the set of a grant. */
const GRANT = 2 ** 32;

/** Encodes what a turn has written, of any session. */
const encoder = new Encoder();

/** How often the wasm instance, which all sessions of the realm share, has been replaced. */
let epoch = 0;

export class Session {
  core: Core;
  readonly mirror = new Mirror();
  readonly ahead = new Ahead();
  readonly declared = new DeclaredKeys(this);
  readonly owners = new Owners(this);
  readonly dispatcher: Dispatcher;
  readonly watches = new Map<number, Watch>();
  readonly limits: Limits;
  revision = 0;
  journal: Journal | undefined;
  /** How many bytes more there may be. */
  room = 0;
  closed = false;
  id: string;
  /** Told when somebody comes or goes. */
  readonly visitors = new Set<() => void>();
  /** The handles to it, and whom they want told of errors; the platform's report if nobody. Without handles it ends. */
  readonly handles = new Map<object, ((error: unknown) => void) | undefined>();

  private epoch = epoch;
  readonly #agents = new Agents();
  /** What the kernel grants it grants for a term: until a watch comes or goes, the kernel is rebuilt, or the hall ends. */
  term = 1;
  private sets: (Watches | undefined)[] = [];
  /** Whether the instance has been replaced in the middle of a batch that goes on. */
  private interrupted = false;
  readonly #calls: (() => void)[] = [];
  #taken: Told | undefined;
  private time: number | undefined;
  /** The time of the last turn that has begun, to which all belongs that the kernel has to catch up with. */
  #began = 0;
  #flushed = 0;
  readonly #alarm: Alarm;
  readonly #joined = new Gate();
  #awake = true;
  readonly #bus: Bus;
  /** Contexts and leases. */
  readonly strict: Strict;
  readonly machines: Machines;
  readonly #opening: Opening;
  constructor(opening: Opening) {
    this.#opening = opening;
    this.strict = new Strict(opening, this);
    this.machines = new Machines(this, opening.clock);
    if (!instance()) start();
    this.dispatcher = new Dispatcher((error) => this.report(error));
    this.#alarm = new Alarm(opening.clock, (late) => this.#ring(late));
    this.core = openCore(opening, opening.seed, 0);
    this.id = this.core.session();
    this.limits = Object.freeze(byName(this.core.limits()) as unknown as Limits);
    if (!this.shared) this.#joined.open();
    this.#bus = new Bus(
      opening.adapters,
      opening.name,
      (frame) => this.#receive(frame),
      (error) => this.report(error),
    );
    try {
      this.#bus.open();
    } catch (error) {
      this.core.free();
      throw error;
    }
    if (this.shared) this.now();
  }

  get clock(): Clock {
    return this.#opening.clock;
  }

  get shared(): boolean {
    return this.#opening.adapters.length > 0;
  }

  /** Resolves when a peer's state has arrived, or nobody has answered. */
  get ready(): Promise<void> {
    return this.#joined.opened;
  }

  /** The time of this turn. */
  now(): number {
    return this.time ?? this.beginTurn();
  }
  private beginTurn(): number {
    queueMicrotask(() => this.#endTurn());
    return (this.time = this.#began = this.#opening.clock.now());
  }

  /** Calls the kernel, when it has caught up, and turns what it throws into what a user can read. */
  call<R>(work: (core: Core) => R): R {
    this.checked();
    try {
      if (this.ahead.filled > 0) this.#catchUp();
      return work(this.core);
    } catch (error) {
      throw this.explain(error);
    }
  }

  /** Tells the kernel of the puts that the mirror has taken. */
  #catchUp(): void {
    const { mirror, journal } = this;
    try {
      this.ahead.tell(
        (puts) => this.core.catch_up(puts, this.#began),
        (agent) => this.#agents.number(agent),
        // What was there before a batch may come back.
        (cell, value) => {
          if (journal) return (cell.ref = journal.refBefore(cell, value, this.limits) ?? mirror.hold(value));
          mirror.values[cell.ref] = value;
          return 0;
        },
      );
    } catch (error) {
      // A kernel that refuses what it has granted is broken, and its callers have been told that their puts happened.
      throw typeof error === "string" ? new WebAssembly.RuntimeError(error) : error;
    }
  }

  /** Whether a put to the cell needs nothing of the kernel. */
  grants(cell: Cell): boolean {
    return cell.term === this.term || this.ask(cell);
  }

  private ask(cell: Cell): boolean {
    const granted = this.call((core) => core.grant(cell.slot));
    if (granted === Infinity) return false;
    const set = Math.floor(granted / GRANT);
    cell.size = whole(granted % GRANT);
    cell.watches = set > 0 ? this.members(set) : undefined;
    cell.term = this.term;
    return true;
  }

  /** Calls the kernel, and carries out what that has caused, even if it failed. */
  act<R>(work: (core: Core) => R): R {
    try {
      return this.call(work);
    } finally {
      if (!this.closed) this.settle();
    }
  }

  /** The error for whatever a call of the kernel threw; a trap has been dealt with when this returns. */
  explain(error: unknown): unknown {
    if (typeof error === "string") return readError(error);
    if (!(error instanceof WebAssembly.RuntimeError)) return error;
    const detail = "the kernel trapped and was rebuilt; the command that failed did not happen";
    try {
      // Unless another session has done so already.
      if (this.epoch === epoch) {
        epoch++;
        instantiate();
      }
      this.#rebuild();
      return new StatehallError("poisoned", detail, { cause: error });
    } catch (cause) {
      this.#end();
      return new StatehallError("poisoned", "the kernel trapped and could not be rebuilt; the hall is closed", {
        cause,
      });
    }
  }

  /** The kernel's number for an agent, until a handle of this agent is closed. */
  origin(agent: Agent): number {
    return this.call((core) => this.#agents.hold(agent, (number) => core.name_agent(agent, number)));
  }

  /** A handle of this agent is closed. */
  leave(handle: object, agent: Agent): void {
    if (this.handles.size === 1) this.close();
    if (!this.closed) this.call((core) => this.#agents.release(agent, (number) => core.forget_agent(number)));
    this.handles.delete(handle);
  }

  /** The watches of a set whose watchers are called; those that are iterated over have queues. */
  members(set: number): Watches {
    return this.sets[set] ?? this.learn(set);
  }

  private learn(set: number): Watches {
    const ids = [...this.call((core) => core.members(set))];
    const members = ids
      .map((id) => this.watches.get(id))
      .filter((watch) => watch !== undefined && watch.capacity === undefined) as Watch[];
    return (this.sets[set] = members.length === 1 ? (members[0] as Watch) : members);
  }

  /** Carries out what the kernel has done: mirror, then what can be let go, then whose time is over, then watchers. */
  settle(): void {
    this.call(() => this.#update());
    this.owners.settle();
    this.dispatcher.run();
    // Whoever is called now may cause more, which settles itself.
    for (const call of this.#calls.splice(0)) call();
    if (this.machines.waiting) this.machines.wake();
  }

  /** The part of `settle` that calls nobody: a callback in the middle of it could let go of what it still needs. */
  #update(): void {
    const { core, mirror } = this;
    const numbers = core.drain();
    if (numbers === 0) return;
    const { arrivals, values, slots, sets, told } = records.readDrained(numbers);
    if (arrivals.length > 0) mirror.arrive(arrivals, core.arrived_bytes());
    if (told.length > 0) {
      const texts = core.texts();
      for (let at = 0; at < told.length; at += records.WIDTH) this.#carryOut(told, at, texts);
    }
    mirror.release(values, slots);
    for (const set of sets) this.sets[set] = undefined;
    this.revision = numbers[0] as number;
    this.room = this.limits.bytes - (numbers[1] as number);
  }

  /** Takes the oldest change that waits for the reader of an iterated watch. */
  take(watch: Watch): Told | undefined {
    this.#taken = undefined;
    this.call((core) => {
      core.take(watch.id);
      this.#update();
    });
    const taken = this.#taken;
    this.settle();
    return taken;
  }

  /** This session, if it is open; after a trap elsewhere in its new instance. */
  checked(): this {
    if (this.closed || this.interrupted || this.epoch !== epoch) this.recover();
    return this;
  }

  private recover(): void {
    if (this.closed) throw new StatehallError("closed", `the hall "${this.#opening.name}" is closed`);
    if (this.epoch !== epoch) this.#rebuild();
    if (this.interrupted)
      throw new StatehallError("poisoned", "the kernel trapped in this batch, so nothing of it happens");
  }

  /** Changes waiting for the reader of an iterated watch, and missed by it. */
  queue(watch: Watch): { readonly queued: number; readonly missed: number } {
    if (watch.capacity === undefined || watch.closed) return { queued: 0, missed: 0 };
    const [queued = 0, missed = 0] = this.call((core) => core.queue(watch.id));
    return { queued, missed };
  }

  /** Runs `work` as one commit of all its commands, or of none. */
  batch<R>(work: () => R): R {
    if (this.journal) return this.journal.join(work);
    this.call((core) => core.begin());
    const journal = new Journal(this.room);
    this.journal = journal;
    try {
      const result = work();
      if (journal.failed)
        throw new StatehallError(
          "callback-failed",
          "a batch that joined this one has failed, so nothing of either happens",
        );
      this.call((core) => core.commit(this.now()));
      this.journal = undefined;
      journal.keep();
      return result;
    } catch (error) {
      if (this.journal) {
        this.#abandon();
        if (!this.closed) this.call((core) => core.roll_back());
      }
      throw error;
    } finally {
      this.interrupted = false;
      if (!this.closed) this.settle();
    }
  }

  /** Puts the mirror back to before the open batch. */
  #abandon(): void {
    this.ahead.clear();
    if (this.journal === undefined) return;
    this.room = this.journal.room;
    this.journal.restore();
    this.journal = undefined;
  }

  /** Refuses a command while watchers are too far behind: they have written faster than they were called. */
  checkBacklog(): void {
    const { notices } = this.limits;
    if (this.dispatcher.backlog < notices) return;
    throw new StatehallError("limit", `notices is at most ${notices}, this needs ${notices + 1}`);
  }

  /** Joins a snapshot's state. */
  restore(snapshot: Uint8Array): void {
    this.act((core) => {
      this.seal();
      core.restore(snapshot, this.now(), this.#opening.clock.monotonic());
    });
  }

  /** Opens a watch; that a declared key is absent is an initial value of its variable. */
  openWatch(watch: Watch, initial: boolean, declared?: string): void {
    this.call((core) => {
      this.#register(watch, initial);
      if (initial && declared !== undefined) core.tell_absent(declared, watch.id);
    });
    this.settle();
  }

  /** Opens a watch in the kernel. */
  #register(watch: Watch, initial: boolean): void {
    this.term++;
    watch.id = this.core.watch(watch.pattern, initial, watch.capacity ?? -1);
    this.watches.set(watch.id, watch);
  }

  closeWatch(watch: Watch): void {
    if (!this.watches.delete(watch.id) || this.closed) return;
    this.term++;
    try {
      watch.missed = this.queue(watch).missed;
      this.call((core) => {
        core.unwatch(watch.id);
        // What was waiting in its queue is let go.
        if (watch.capacity !== undefined) this.#update();
      });
    } catch (error) {
      // Whoever stops a watch has stopped it.
      this.report(error);
    }
  }

  report(error: unknown): void {
    const listeners = [...this.handles.values()].filter((listener) => listener !== undefined);
    tellOf(error, listeners);
  }

  /** Lets what is due expire before somebody reads it, because timers may be late. Within a turn time stands still. */
  expire(): void {
    if (this.time !== undefined || !this.#alarm.armed) return;
    this.now();
    if (this.#alarm.due) this.flush();
  }

  /** The cell of a key as it is now. Only a key with a time to live costs a second look. */
  find(key: string): Cell | undefined {
    const cell = this.mirror.cells.get(key);
    return cell?.expires === undefined ? cell : this.findMortal(key);
  }

  /** Nothing, for a key that is not here: only of such a one may the text be no key at all. */
  absent(key: string): undefined {
    this.call((core) => core.check_key(key));
  }

  private findMortal(key: string): Cell | undefined {
    this.expire();
    return this.mirror.cells.get(key);
  }

  /** Encodes what was written since the last time. */
  seal(): void {
    const refs = this.core.wanted();
    if (refs.length === 0) return;
    encoder.clear();
    for (const ref of refs) encoder.append(this.mirror.values[ref] as Value);
    this.core.supply(encoder.bytes());
  }

  /** Lets time pass: what is due expires, is sent, and the next timer is armed. */
  flush(now = this.#opening.clock.now()): void {
    if (this.closed || this.journal) return;
    const { clock } = this.#opening;
    const monotonic = clock.monotonic();
    try {
      this.call((core) => {
        if (this.shared) this.seal();
        this.#flushed = core.advance(now, monotonic);
        this.#send();
        const delay = core.next_wake(now, monotonic);
        if (delay < Infinity) this.#alarm.set(monotonic, delay);
      });
      this.settle();
    } catch (error) {
      this.report(error);
    }
  }

  /** Leaves without ending: the page may be kept for later. */
  suspend(): void {
    if (!this.shared || !this.#awake || this.closed) return;
    this.flush();
    this.strict.suspend();
    this.call((core) => core.leave());
    this.#send();
    this.#awake = false;
    this.#bus.close();
  }

  /** Comes back, or makes sure of having missed nothing. */
  resume(): void {
    if (!this.shared || this.closed) return;
    const { clock } = this.#opening;
    try {
      if (!this.#awake) this.#bus.open();
      this.#awake = true;
      this.call((core) => core.rejoin(clock.now(), clock.monotonic()));
      this.strict.resume();
    } catch (error) {
      this.report(error);
    }
    this.flush();
  }

  /** Ends the session: what was written is sent, everything that belongs to it ends. */
  close(): void {
    if (this.closed) return;
    try {
      // A batch that closes its hall has not happened; what was written before it has.
      if (this.journal) {
        this.#abandon();
        this.call((core) => core.roll_back());
      }
      this.owners.leave();
      this.suspend();
    } catch (error) {
      this.report(error);
    }
    this.#end();
    this.mirror.clear();
    // What belonged to an instance that has trapped is gone with it.
    this.strict.close(() => this.epoch === epoch && this.core.free());
  }

  #end(): void {
    this.closed = true;
    this.term++;
    this.#alarm.cancel();
    this.machines.cancel();
    for (const watch of [...this.watches.values()]) watch.stop();
    if (this.#awake) this.#bus.close();
    this.#joined.open();
    this.#opening.ended();
    this.owners.close();
  }

  #receive(frame: Uint8Array): void {
    if (this.closed || !this.#awake) return;
    if (this.journal) {
      // A batch knows nothing of what happens beside it.
      queueMicrotask(() => this.#receive(frame));
      return;
    }
    try {
      // A frame that comes from inside our own send belongs to the next turn.
      this.act((core) => core.receive(frame, this.now(), this.#opening.clock.monotonic()));
    } catch (error) {
      this.report(error);
    }
  }

  #send(): void {
    let frame = this.core.next_frame();
    if (frame.length === 0) return;
    // A channel may call whom it likes, who is to find what has expired.
    this.#update();
    // Written after the goodbye, as by a later listener of `pagehide`: it is told, with another goodbye.
    const late = !this.#awake;
    if (late) {
      this.core.leave();
      this.#bus.open();
    }
    for (; frame.length > 0; frame = this.core.next_frame()) this.#bus.send(frame);
    if (late) this.#bus.close();
  }

  #endTurn(): void {
    const time = this.time;
    this.time = undefined;
    // The last value that was admitted is let go.
    admit(null, undefined, this.limits);
    this.flush(time);
  }

  /** The timer has rung, this many milliseconds late. */
  #ring(late: number): void {
    if (this.closed || !this.#awake) return;
    if (late > ASLEEP_MS) this.resume();
    else this.flush();
  }

  #carryOut(numbers: Float64Array, at: number, texts: readonly string[]): void {
    const kind = numbers[at];
    const whom = numbers[at + 1] as number;
    if (kind === records.READY) this.#calls.push(() => this.watches.get(whom)?.watcher(undefined as never));
    else if (kind === records.SYNCED) this.#joined.open();
    else if (kind === records.SESSIONS) this.#calls.push(() => this.#announce());
    else if (kind === records.REPORT) {
      const error = texts[numbers[at + 6] as number] as string;
      this.#calls.push(() => this.report(readError(error)));
    } else if (kind === records.OWNER_EXPIRED) {
      this.owners.expired(texts[numbers[at + 6] as number] as string);
    } else {
      const slot = numbers[at + 2] as number;
      const expires = numbers[at + 9] as number;
      const cell = slot < 0 ? undefined : this.mirror.at(slot, texts[numbers[at + 8] as number]);
      const told = records.toldOf(numbers, at, cell, this.mirror.values, texts);
      if (kind === records.NOTIFY) {
        if (cell) mirrorChange(cell, numbers[at + 3] as number, told, expires < 0 ? undefined : expires);
        if (whom > 0) this.dispatcher.tell(this.members(whom), told);
        return;
      }
      const watch = this.watches.get(whom);
      if (watch && kind === records.INITIAL) this.dispatcher.tell(watch, told);
      else if (watch) this.#taken = told;
    }
  }

  /** Tells who wants to know that somebody has come or gone. */
  #announce(): void {
    this.id = this.call((core) => core.session()); // new if somebody else has used the old one
    tellVisitors(this.visitors, (error) => this.report(error));
  }

  /** Makes the hall anew, in a new instance, from what the mirror holds. */
  #rebuild(): void {
    this.interrupted = this.journal !== undefined;
    this.#abandon();
    this.epoch = epoch;
    this.machines.lose(new StatehallError("poisoned", "the kernel trapped, and with it its machines"));
    const cells = this.mirror.clear();
    const watches = [...this.watches.values()];
    this.watches.clear();
    this.sets = [];
    this.term++;
    // A session of its own, with randomness that is new but no less repeatable.
    const seed = BigInt.asUintN(64, this.#opening.seed + BigInt(epoch) * 0x9e3779b97f4a7c15n);
    this.core = openCore(this.#opening, seed, this.revision);
    this.id = this.core.session();
    this.#agents.retell((number, agent) => this.core.name_agent(agent, number));
    const owned = this.owners.keysOf(cells);
    rewriteAll(this, this.#agents, owned, cells, this.shared ? this.#flushed : -1, this.#opening.clock.now());
    this.declared.retell(this.core);
    this.#update();
    this.owners.retell(owned);
    for (const watch of watches) this.#register(watch, false);
    this.now();
  }
}
