/** One machine, as whoever started it holds it. */

import { checkArgument, checkOptions } from "../check.js";
import type { Stop } from "../contract.js";
import { StatehallError } from "../error.js";
import { keyText } from "../key.js";
import { stopper } from "../watching/stop.js";
import { KINDS } from "./action.js";
import type {
  CallOptions,
  Machine,
  MachineSnapshot,
  PostponedInfo,
  Reason,
  TimerInfo,
  TransitionInfo,
} from "./contract.js";

type Call = (event: unknown, data: unknown, machine: unknown) => unknown;

/** A definition, as it is called. */
export interface Module {
  readonly name?: string | undefined;
  readonly init: unknown;
  readonly handle?: Call | undefined;
  readonly states?: Readonly<Record<string, Call>> | undefined;
  readonly stateEnter?: boolean | undefined;
  readonly stateLeave?: boolean | undefined;
  readonly terminate?: ((reason: Reason, data: unknown, machine: unknown) => void) | undefined;
}

/** How a definition is called, as a number: see `machine_mode` in `src/face/js/machines`. Nothing if it has no function. */
export function modeOf({ states, handle, stateEnter, stateLeave }: Module): number | undefined {
  const functions = typeof states === "object" && states !== null;
  if (!functions && typeof handle !== "function") return undefined;
  return Number(functions) + 2 * Number(stateEnter === true) + 4 * Number(stateLeave === true);
}

/** Where its status is published. */
export interface Place {
  readonly session: string;
  put(key: string, value: unknown): unknown;
  delete(key: string): unknown;
}

/** What runs it. */
export interface Runner {
  send(process: Process, kind: number, content: unknown): boolean;
  call(process: Process, request: unknown, timeout: number, signal: AbortSignal | undefined): Promise<unknown>;
  order(process: Process, order: number, term?: unknown): void;
  info(process: Process): Info;
  keep(process: Process): MachineSnapshot;
  report(error: unknown): void;
}

/** What can be read of it, beside state and data. */
export interface Info {
  readonly waiting: number;
  readonly timers: TimerInfo[];
  readonly postponed: PostponedInfo[];
  readonly trace: TransitionInfo<unknown>[];
}

/** The numbers of orders: see `machine_order` in `src/face/js/machines`. */
export const ORDERS = { resume: 0, suspend: 1, kill: 2, normal: 3, shutdown: 4, because: 6 } as const;
const PLACES = 2 ** 32;
const callOptions = { timeout: "positive", signal: "signal" } as const;

export class Process implements Machine<unknown, unknown, never> {
  readonly id: string;
  readonly name: string | undefined;
  readonly key: string;
  state: unknown;
  data: unknown;
  reason: Reason | undefined;
  /** @internal What was before the transition that is being made. */
  readonly before_: { state: unknown; data: unknown } = { state: undefined, data: undefined };
  /** @internal Whether a state is being left or entered. */
  moving_ = false;
  /** @internal */
  module_: Module;
  /** @internal Whether it was killed: nothing that it returns counts. */
  killed_ = false;
  /** @internal How to cancel the tasks whose end it is to hear of. */
  readonly tasks_ = new Set<() => void>();
  /** @internal The actions that were returned last. */
  actions_: readonly unknown[] = [];
  /** @internal */
  readonly watchers_ = new Set<(state: never) => void>();
  readonly #runner: Runner;
  #done: Promise<Reason> | undefined;
  #settle: (reason: Reason) => void = () => {};

  constructor(
    runner: Runner,
    /** @internal The kernel's number. */
    readonly number_: number,
    /** @internal */
    readonly place_: Place,
    module: Module,
    state: unknown,
    data: unknown,
  ) {
    this.#runner = runner;
    this.module_ = module;
    this.name = module.name;
    this.id = `${place_.session}.${number_ % PLACES}.${Math.floor(number_ / PLACES)}`;
    this.key = keyText(["processes", this.name ?? this.id]);
    this.state = this.before_.state = state;
    this.data = this.before_.data = data;
  }

  get ended(): boolean {
    return this.reason !== undefined;
  }

  get done(): Promise<Reason> {
    if (this.reason !== undefined) return Promise.resolve(this.reason);
    this.#done ??= new Promise((settle) => {
      this.#settle = settle;
    });
    return this.#done;
  }

  /** @internal */
  end_(reason: Reason): void {
    this.reason = reason;
    this.#settle(reason);
    for (const cancel of [...this.tasks_]) cancel();
  }

  cast(content: unknown): boolean {
    return this.#runner.send(this, 0, content);
  }

  info(content: unknown): boolean {
    return this.#runner.send(this, 1, content);
  }

  async call(request: unknown, options: CallOptions = {}): Promise<never> {
    checkOptions(options, callOptions);
    return this.#runner.call(this, request, options.timeout ?? -1, options.signal) as Promise<never>;
  }

  stop(reason: unknown = "normal"): Promise<Reason> {
    const order = reason === "normal" ? ORDERS.normal : reason === "shutdown" ? ORDERS.shutdown : ORDERS.because;
    this.#runner.order(this, order, reason);
    return this.done;
  }

  kill(): void {
    this.#runner.order(this, ORDERS.kill);
  }

  suspend(): void {
    this.#runner.order(this, ORDERS.suspend);
  }

  resume(): void {
    this.#runner.order(this, ORDERS.resume);
  }

  watch(watcher: (state: never) => void): Stop {
    checkArgument("the watcher", watcher, "callable");
    // So that one function can watch twice.
    const entry = (state: never) => watcher(state);
    this.watchers_.add(entry);
    return stopper(() => void this.watchers_.delete(entry));
  }

  /** @internal Tells the watchers of the state. */
  tell_(): void {
    for (const watcher of [...this.watchers_]) {
      try {
        watcher(this.state as never);
      } catch (cause) {
        this.#runner.report(new StatehallError("callback-failed", `a watcher of ${this.shown_} threw`, { cause }));
      }
    }
  }

  timers(): TimerInfo[] {
    return this.#runner.info(this).timers;
  }

  postponed(): PostponedInfo[] {
    return this.#runner.info(this).postponed;
  }

  trace(): TransitionInfo<never>[] {
    return this.#runner.info(this).trace as TransitionInfo<never>[];
  }

  get waiting(): number {
    return this.#runner.info(this).waiting;
  }

  snapshot(): MachineSnapshot {
    return this.#runner.keep(this);
  }

  /** @internal */
  get shown_(): string {
    return `the machine "${this.name ?? this.id}"`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("shutdown");
  }
}

/** Numbers that are read in their order. */
export class Numbers {
  #at = 0;
  readonly #numbers: ArrayLike<number>;
  constructor(numbers: ArrayLike<number>) {
    this.#numbers = numbers;
  }

  next(): number {
    return this.#numbers[this.#at++] ?? 0;
  }

  /** The rows of a list that stands after its length. */
  rows(width: number): number[][] {
    const row = () => Array.from({ length: width }, () => this.next());
    return Array.from({ length: this.next() }, row);
  }
}

/** An event or a timeout as a user reads it, from its row: kind, name, content. */
export function described([kind, name, content]: number[], at: (number: number) => unknown) {
  return { ...kindOf(kind as number, at(name as number)), content: at(content as number) };
}

/** A kind of event and its name, as a user reads them. */
export function kindOf(kind: number, name: unknown): { type: string; name?: string } {
  const type = KINDS[kind] ?? "start";
  return kind === 5 ? { type, name: name as string } : { type };
}
