/**
 * Runs the machines of a session.
 *
 * The kernel says what is to be done next (see `src/face/js/machines`): call a function, settle a call. One loop does it,
 * until there is nothing; whatever a function sends meanwhile joins the end of the same queue, so no function runs inside
 * another. A batch holds the loop until it is over: what a function puts does not belong to the batch.
 *
 * States are published once a turn, at its end.
 */

import { Alarm } from "../clock.js";
import type { Clock } from "../contract.js";
import { type Core, numberAt } from "../crossing.js";
import { StatehallError } from "../error.js";
import { keyText } from "../key.js";
import { Asked, KINDS, offending, type Replier, writeActions } from "./action.js";
import type { MachineSnapshot, Reason, RestoreOptions } from "./contract.js";
import { kept, type Restored } from "./keep.js";
import { described, type Info, kindOf, type Module, modeOf, Numbers, ORDERS, type Place, Process } from "./process.js";
import { failure, gone } from "./reason.js";
import { Words } from "./words.js";

/** What is to be done: see the constants in `src/face/js/machines`. An event is 1 and its kind. */
const NAMED = 6;
const CALL = 7;
const MODE = 8;
const LEAVE = 9;
const ENTER = 10;
const TERMINATE = 11;
const TERMINATE_UNDONE = 12;
const ENDED = 13;
const REPLY = 14;
const EXPIRED = 15;

/** Ends at which nothing went wrong. */
const QUIET = ["normal", "shutdown", "killed"];
const RESULT = ["next", "repeat", "stop", "data", "actions", "reply"];
const TIMERS = ["deadline", "remaining", "restart"];

/** What they need of the session. */
export interface Host {
  readonly core: Core;
  readonly clock: Clock;
  readonly journal: unknown;
  readonly closed: boolean;
  checked(): unknown;
  explain(error: unknown): unknown;
  report(error: unknown): void;
}

interface Caller {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** Called before either. */
  readonly settled: () => void;
  readonly process: Process;
  readonly timeout: number;
}

export class Machines implements Replier {
  readonly words = new Words();
  generation = 0;
  readonly #processes = new Map<number, Process>();
  readonly #callers = new Map<number, Caller>();
  readonly #alarm: Alarm;
  readonly #host: Host;
  /** Machines that hold contents which the kernel does not tell: not asked yet, or about to stop. */
  readonly #unseen = new Set<Process>();
  #busy = false;
  /** Whether something has been put in that has not been carried out. */
  waiting = false;
  /** Whether a state is to be published when this turn ends, and whether its end is in sight. */
  #changed = false;
  #ending = false;
  #now: number | undefined;
  #area: number | undefined;

  constructor(host: Host, clock: Clock) {
    this.#host = host;
    this.#alarm = new Alarm(clock, () => this.#ring());
  }

  /** Refuses a name that is no segment of a key. */
  checkName(name: string | undefined): void {
    if (name !== undefined) this.#call((core) => core.check_key(keyText(["processes", name])));
  }

  /** Starts a machine. Nothing of it has run when its number is known. */
  start(place: Place, module: Module, state: unknown, data: unknown, actions: readonly unknown[]): Process {
    return this.#add(place, module, state, data, actions, (core) => {
      const [moduleWord, stateWord] = [this.words.module(module), this.words.same(state)];
      core.machine_named(module.name ?? "");
      this.#act(core, actions);
      return core.machine_start(moduleWord, stateWord);
    });
  }

  /** Goes on with a machine that was kept. */
  restore(place: Place, module: Module, restored: Restored, timers: RestoreOptions["timers"]): Process {
    const { state, data } = restored;
    const process = this.#add(place, module, state, data, [], (core, now) => {
      const numbers = restored.numbers(this.words, module);
      core.machine_named(module.name ?? "");
      return core.machine_restore(numbers, TIMERS.indexOf(timers ?? "deadline"), now, this.#host.clock.now());
    });
    // What is due already comes now.
    this.#ring();
    return process;
  }

  #add(
    place: Place,
    module: Module,
    state: unknown,
    data: unknown,
    actions: readonly unknown[],
    work: (core: Core, now: number) => number,
  ): Process {
    const number = this.#call(work);
    const process = new Process(this, number, place, module, state, data);
    process.actions_ = actions;
    this.#processes.set(number, process);
    this.#unseen.add(process);
    this.#changed = true;
    this.wake();
    return process;
  }

  send(process: Process, kind: number, content: unknown): boolean {
    if (process.reason !== undefined || process.killed_) return false;
    const next = !this.#busy && this.#host.journal === undefined;
    let todo = 0;
    this.#host.checked();
    const word = this.words.hold(content);
    try {
      todo = this.#host.core.machine_send(process.number_, kind, word, next, this.#turn());
    } catch (error) {
      this.words.drop(word);
      throw this.#host.explain(error);
    }
    if (todo !== 0) this.#run(todo);
    else if (!next) this.waiting = true;
    return true;
  }

  call(process: Process, request: unknown, timeout: number, signal: AbortSignal | undefined): Promise<unknown> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (process.reason !== undefined) return Promise.reject(gone(process));
    return new Promise((resolve, reject) => {
      const word = this.words.hold(request);
      const ask = (core: Core, now: number) => core.machine_call(process.number_, word, timeout, now);
      const call = this.#call(ask, () => this.words.drop(word));
      const settled = () => signal?.removeEventListener("abort", abort);
      const abort = () => {
        if (!this.#callers.delete(call)) return;
        reject(signal?.reason);
        try {
          this.#call((core) => core.machine_leave(call));
        } catch (error) {
          this.report(error);
        }
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.#callers.set(call, { resolve, reject, settled, process, timeout });
      this.wake();
    });
  }

  reply(asked: Asked, value: unknown): boolean {
    if (this.#host.closed || !asked.isOf(this)) return false;
    const waits = this.#callers.has(asked.call);
    this.#call((core) => core.machine_reply(asked.call, this.words.hold(value)));
    this.wake();
    return waits;
  }

  order(process: Process, order: number, term?: unknown): void {
    if (process.reason !== undefined) return;
    process.killed_ ||= order === ORDERS.kill;
    const because = order === ORDERS.because;
    if (because) this.#unseen.add(process);
    this.#call((core) => core.machine_order(process.number_, order, because ? this.words.hold(term) : 0));
    this.wake();
  }

  info(process: Process): Info {
    if (process.reason !== undefined || this.#host.closed) return { waiting: 0, timers: [], postponed: [], trace: [] };
    const numbers = new Numbers(this.#call((core, now) => core.machine_info(process.number_, now)));
    const waiting = numbers.next();
    const at = (number: number | undefined) => this.words.at(number as number);
    const read = (row: number[]) => described(row, at);
    const timers = numbers.rows(4).map((row) => ({ ...read(row), remaining: row[3] as number }));
    const postponed = numbers.rows(4).map((row) => ({ ...read(row), age: row[3] as number }));
    const trace = numbers.rows(5).map(([kind, name, state, flags = 0, time]) => ({
      ...kindOf(kind as number, at(name)),
      state: at(state),
      changed: (flags & 1) > 0,
      postponed: (flags & 2) > 0,
      at: time as number,
    }));
    return { waiting, timers: timers as Info["timers"], postponed, trace };
  }

  keep(process: Process): MachineSnapshot {
    if (process.reason !== undefined) throw gone(process);
    const unix = this.#host.clock.now();
    const numbers = this.#call((core, now) => core.machine_snapshot(process.number_, now, unix));
    return kept(process, new Numbers(numbers), this.words);
  }

  report(error: unknown): void {
    this.#host.report(error);
  }

  /** Does what is to be done, unless that goes on already or a batch is open. */
  wake(): void {
    this.waiting = true;
    if (this.#busy || this.#host.journal !== undefined) return;
    this.#run(this.#call((core, now) => core.machine_next(true, now)));
  }

  #run(todo: number): void {
    this.#busy = true;
    try {
      while (todo !== 0) todo = this.#carryOut(todo);
      if (this.#host.closed) return;
      this.waiting = false;
      // What has not been asked yet holds contents that are not seen; there is such only if a turn was not enough.
      const { core } = this.#host;
      if (this.words.many && (this.#unseen.size === 0 || core.machine_wake() > 0)) this.words.keep(core.machine_used());
    } catch (error) {
      if (!this.#host.closed) this.report(this.#host.explain(error));
    } finally {
      this.#busy = false;
    }
  }

  #carryOut(code: number): number {
    const area = (this.#area ??= this.#host.core.machine_area());
    const process = this.#processes.get(numberAt(area)) as Process;
    // It was ended from outside, as its handle was closed.
    if (process === undefined && code < REPLY) return this.#next();
    const question = numberAt(area + 8);
    const content = numberAt(area + 16);
    if (code < CALL) {
      const event =
        code === NAMED
          ? { type: "timeout", content: this.words.at(content), name: this.words.at(numberAt(area + 24)) }
          : { type: KINDS[code - 1], content: this.words.at(content) };
      return this.#ask(process, question, event, -1);
    }
    switch (code) {
      case CALL: {
        const call = numberAt(area + 24);
        return this.#ask(
          process,
          question,
          { type: "call", content: this.words.at(content), from: new Asked(this, call) },
          call,
        );
      }
      case LEAVE: {
        const next = process.state;
        process.moving_ = true;
        process.state = process.before_.state;
        return this.#answer(process, question, { type: "leave", next }, -1, () => {
          process.state = next;
        });
      }
      case ENTER:
        process.moving_ = true;
        return this.#answer(process, question, { type: "enter", old: this.words.at(content) }, -1);
      case MODE:
        return this.#mode(process, question, this.words.at(content) as Module);
      case TERMINATE:
      case TERMINATE_UNDONE:
        return this.#terminate(process, question, code === TERMINATE_UNDONE);
      case ENDED:
        this.#end(process);
        break;
      case REPLY:
        this.#settle(question)?.resolve(this.words.at(content));
        break;
      case EXPIRED: {
        const caller = this.#settle(question);
        const detail = `${caller?.process.shown_} has not answered within ${caller?.timeout} ms`;
        caller?.reject(new StatehallError("timeout", detail));
        break;
      }
      default:
        this.#reportError();
    }
    return this.#next();
  }

  /** What is to be done next; whoever was called may have closed the hall. */
  #next(): number {
    return this.#host.closed ? 0 : this.#host.core.machine_next(false, this.#turn());
  }

  /** Asks the function for an event. */
  #ask(process: Process, question: number, event: unknown, call: number): number {
    process.before_.state = process.state;
    process.before_.data = process.data;
    process.moving_ = false;
    return this.#answer(process, question, event, call);
  }

  /** Calls the function for the state, and answers what it returned. */
  #answer(process: Process, question: number, event: unknown, call: number, after?: () => void): number {
    const { module_: module, state } = process;
    const { states } = module;
    let handle = module.handle;
    if (states !== undefined) handle = Object.hasOwn(states, state as string) ? states[state as string] : undefined;
    if (typeof handle !== "function") return this.#say(process, question, 5);
    let result: unknown;
    try {
      result = handle(event, process.data, process);
    } catch (error) {
      return this.#host.closed ? 0 : this.#say(process, question, 4, error);
    } finally {
      after?.();
    }
    if (this.#host.closed || process.killed_) return this.#next();
    if (result === undefined) return this.#say(process, question, 0);
    try {
      return this.#judge(process, question, result, call);
    } catch (error) {
      // What was returned cannot be read.
      if (typeof error === "string" || error instanceof WebAssembly.RuntimeError) throw error;
      return this.#say(process, question, 4, error);
    }
  }

  #judge(process: Process, question: number, given: unknown, call: number): number {
    if (given instanceof Promise) given.catch(() => {});
    if (Object.prototype.toString.call(given) !== "[object Object]") return this.#say(process, question, 3, given);
    for (const name in given as object) if (!RESULT.includes(name)) return this.#say(process, question, 3, given);
    const result = given as Readonly<Record<string, unknown>>;
    const { next, repeat, stop, actions, reply } = result;
    if (Number(next !== undefined) + Number(repeat !== undefined) + Number(stop !== undefined) > 1)
      return this.#say(process, question, 3, given);
    if ("reply" in result && call < 0) return this.#say(process, question, 3, given);
    if (repeat !== undefined && repeat !== true) return this.#say(process, question, 3, given);
    if (actions !== undefined && !Array.isArray(actions)) return this.#say(process, question, 3, given);
    if ("data" in result) process.data = result["data"];
    if (actions !== undefined) this.#act(this.#host.core, actions as readonly unknown[]);
    process.actions_ = (actions as readonly unknown[] | undefined) ?? [];
    const to = "reply" in result ? call : -1;
    if (stop !== undefined) {
      const how = stop === "normal" ? 6 : stop === "shutdown" ? 7 : 9;
      return this.#say(process, question, how, stop, to, reply);
    }
    if (repeat === true) return this.#say(process, question, 2, undefined, to, reply);
    return next === undefined
      ? this.#say(process, question, 0, undefined, to, reply)
      : this.#go(process, question, next, to, reply);
  }

  #go(process: Process, question: number, next: unknown, call: number, reply: unknown): number {
    let word: number;
    try {
      word = this.words.same(next);
    } catch {
      return this.#say(process, question, 3, { next });
    }
    // An equal state is the same one, so that whoever compares sees no change. Who enters or leaves can go nowhere else.
    if (!process.moving_) {
      process.state = this.words.at(word);
      this.#changed = true;
    }
    const replied = call < 0 ? 0 : this.words.hold(reply);
    return this.#host.core.machine_answer(process.number_, question, 1, word, call, replied, this.#turn());
  }

  #say(process: Process, question: number, how: number, term?: unknown, call = -1, reply?: unknown): number {
    const content = how > 2 ? this.words.hold(term) : 0;
    const replied = call < 0 ? 0 : this.words.hold(reply);
    return this.#host.core.machine_answer(process.number_, question, how, content, call, replied, this.#turn());
  }

  #act(core: Core, actions: readonly unknown[]): void {
    if (actions.length > 0) core.machine_act(writeActions(actions, this.words, this));
  }

  #mode(process: Process, question: number, module: Module): number {
    const mode = modeOf(module);
    if (mode !== undefined) process.module_ = module;
    this.#unseen.delete(process);
    const term = mode === undefined ? this.words.hold(module) : 0;
    return this.#host.core.machine_mode(process.number_, question, mode ?? -1, term, this.#turn());
  }

  #terminate(process: Process, question: number, undone: boolean): number {
    if (undone) Object.assign(process, process.before_);
    const { reason } = this.#why(process);
    let failed = false;
    let term = 0;
    try {
      process.module_.terminate?.(reason, process.data, process);
    } catch (error) {
      failed = true;
      term = this.words.hold(error);
    }
    if (this.#host.closed) return 0;
    return this.#host.core.machine_cleaned(process.number_, question, failed, term, this.#turn());
  }

  /** Why a machine ends, and whose calls end with it. */
  #why(process: Process): { reason: Reason; calls: readonly number[] } {
    const { core } = this.#host;
    const [name = "", detail] = core.machine_reason(process.number_).split(": ");
    const [term = 0, action = -1, ...calls] = core.machine_offender(process.number_);
    if (action >= 0) return { reason: { name, term: offending(process.actions_, action) }, calls };
    if (detail !== undefined) return { reason: { name, term: detail }, calls };
    return { reason: term === 0 ? { name } : { name, term: this.words.at(term) }, calls };
  }

  #end(process: Process): void {
    const { reason, calls } = this.#why(process);
    process.end_(reason);
    this.#unseen.delete(process);
    this.#changed = true;
    for (const call of calls) this.#settle(call)?.reject(gone(process));
    if (!QUIET.includes(reason.name)) this.report(failure(process, reason));
  }

  #settle(call: number): Caller | undefined {
    const caller = this.#callers.get(call);
    this.#callers.delete(call);
    caller?.settled();
    return caller;
  }

  #reportError(): void {
    try {
      this.#host.core.machine_reason(0);
    } catch (error) {
      this.report(this.#host.explain(error));
    }
  }

  /** The time of this turn; what came due before it comes first. */
  #turn(): number {
    return this.#now ?? this.#begin();
  }

  #begin(): number {
    const { clock } = this.#host;
    if (!this.#ending) queueMicrotask(this.#endTurn);
    this.#ending = true;
    // Rounded so that nothing comes early.
    const monotonic = clock.monotonic();
    this.#now = Math.ceil(monotonic);
    if (this.#alarm.due) {
      this.#host.core.machine_advance(Math.floor(monotonic));
      this.waiting = true;
    }
    return this.#now;
  }

  #call<R>(work: (core: Core, now: number) => R, undo?: () => void): R {
    this.#host.checked();
    try {
      return work(this.#host.core, this.#turn());
    } catch (error) {
      undo?.();
      throw this.#host.explain(error);
    }
  }

  #ring(): void {
    if (this.#host.closed) return;
    try {
      this.#call((core) => core.machine_advance(Math.floor(this.#host.clock.monotonic())));
      this.wake();
    } catch (error) {
      this.report(error);
    }
  }

  /** Publishes the states and sets the timer. A turn of its own: most calls change nothing that a hall has to tell. */
  readonly #endTurn = (): void => {
    this.#now = undefined;
    this.#ending = false;
    if (this.#processes.size === 0 || this.#host.closed) return;
    try {
      const { core, clock } = this.#host;
      this.#host.checked();
      // Something may have come due as somebody looked.
      if (this.waiting && !this.#busy && this.#host.journal === undefined) this.wake();
      if (this.#changed) this.#publishAll(core);
      if (this.#host.closed) return;
      const now = clock.monotonic();
      const wake = core.machine_wake();
      // 0 says that a turn was not enough: others come before the next.
      if (wake < Infinity) this.#alarm.set(now, wake === 0 ? 1 : Math.max(0, wake - now));
    } catch (error) {
      this.report(this.#host.explain(error));
    }
  };

  #publishAll(core: Core): void {
    this.#changed = false;
    const changed = core.machine_changed();
    for (let at = 0; at < changed.length; at += 2)
      this.#publish(changed[at] as number, (changed[at + 1] as number) < 0);
  }

  #publish(number: number, ended: boolean): void {
    const process = this.#processes.get(number);
    if (process === undefined) return;
    if (ended) {
      this.#processes.delete(number);
      this.#publishEnd(process);
      return;
    }
    try {
      process.place_.put(process.key, process.state);
    } catch (error) {
      this.report(error);
    }
    process.tell_();
  }

  #publishEnd({ place_: place, key }: Process): void {
    try {
      place.delete(key);
    } catch (error) {
      this.report(error);
    }
  }

  /** Ends the machines of a place: each may clean up, unless it cannot now because something else goes on. */
  close(place: Place): void {
    const left = () => [...this.#processes.values()].filter((process) => process.place_ === place);
    if (left().length === 0) return;
    for (const process of left()) this.order(process, ORDERS.shutdown);
    this.wake();
    for (let processes = left(); processes.length > 0; processes = left()) {
      for (const process of processes) {
        this.#processes.delete(process.number_);
        if (process.reason === undefined) this.#abandon(process);
        this.#publishEnd(process);
      }
    }
  }

  /** Kills a machine that had no turn to end. */
  #abandon(process: Process): void {
    this.#call((core) => core.machine_order(process.number_, ORDERS.kill, 0));
    process.killed_ = true;
    this.#unseen.delete(process);
    process.end_({ name: "killed" });
    for (const [call, caller] of [...this.#callers])
      if (caller.process === process) this.#settle(call)?.reject(gone(process));
  }

  /** The session has ended. */
  cancel(): void {
    this.#alarm.cancel();
  }

  /** The kernel was lost, and every machine with it. */
  lose(error: unknown): void {
    this.#area = undefined;
    const processes = [...this.#processes.values()];
    this.#processes.clear();
    this.generation++;
    this.#unseen.clear();
    for (const call of [...this.#callers.keys()]) this.#settle(call)?.reject(error);
    for (const process of processes) process.end_({ name: "failed", term: error });
    queueMicrotask(() => {
      for (const process of processes) this.#publishEnd(process);
    });
  }
}
