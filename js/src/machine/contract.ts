/** What a user of machines sees: definitions, events, what functions return, and handles. Nothing here runs. */

import type { Stop } from "../contract.js";

/** What the events of a machine carry. A call is a pair: what is asked, and what is answered. */
export interface EventTypes {
  readonly cast?: unknown;
  readonly call?: readonly [request: unknown, reply: unknown];
  readonly info?: unknown;
  /** What the machine inserts itself, and what its timeouts carry. */
  readonly internal?: unknown;
  readonly timeout?: unknown;
}

type In<E, N extends keyof EventTypes> = E extends { readonly [name in N]: infer T } ? T : unknown;
type CallIn<E> = E extends { readonly call: infer C extends readonly [unknown, unknown] }
  ? C
  : readonly [unknown, unknown];
type RequestIn<E> = CallIn<E>[0];
/** What is answered to a request. */
export type ReplyTo<E, R> = Extract<CallIn<E>, readonly [R, unknown]>[1];

/** A call that waits for its reply. */
export interface From<R = unknown> {
  /** Answers at any time, from anywhere; false if nobody waits any more. */
  reply(value: R): boolean;
}

type CallEvent<C> = C extends readonly [infer Request, infer Reply]
  ? { readonly type: "call"; readonly content: Request; readonly from: From<Reply> }
  : never;

/** Something that happened to a machine. `name` is that of a generic timeout. */
export type MachineEvent<E = EventTypes> =
  | CallEvent<CallIn<E>>
  | { readonly type: "cast"; readonly content: In<E, "cast"> }
  | { readonly type: "info"; readonly content: In<E, "info"> }
  | { readonly type: "internal"; readonly content: In<E, "internal"> }
  | { readonly type: "timeout"; readonly content: In<E, "timeout">; readonly name?: string }
  | { readonly type: "stateTimeout"; readonly content: In<E, "timeout"> };

/** The calls that enter and leave states, for definitions that want them. */
export type StateCall<S> = { readonly type: "enter"; readonly old: S } | { readonly type: "leave"; readonly next: S };

interface Timed {
  readonly content?: unknown;
  /** The delay is a reading of the monotonic clock. */
  readonly absolute?: boolean;
}

/**
 * One thing to do in a transition, in the order of the list. Of options, the last of a kind wins; replies and events add
 * up. A number alone is an event timeout that carries itself.
 */
export type Action<E = EventTypes> =
  | { readonly reply: From<never>; readonly value: unknown }
  | "postpone"
  | { readonly postpone: boolean }
  | {
      readonly nextEvent: "internal" | "cast" | "info" | "timeout" | "stateTimeout";
      readonly content?: unknown;
      readonly name?: string;
    }
  | (Timed & { readonly timeout: number | "cancel" | "update"; readonly name?: string })
  | (Timed & { readonly stateTimeout: number | "cancel" | "update" })
  | number
  | "hibernate"
  | { readonly hibernate: boolean }
  | { readonly changeModule: Definition<never, never, E> }
  | { readonly pushModule: Definition<never, never, E> }
  | "popModule";

/** What the function for an event returns. Nothing: the state and the data stay. */
export type Result<S, D, E = EventTypes> =
  // biome-ignore lint/suspicious/noConfusingVoidType: a function that returns nothing keeps its state
  | void
  | undefined
  | {
      /** The state after; a change if it is not equal to the present one. */
      readonly next?: S;
      /** The same state is entered again. */
      readonly repeat?: true;
      /** The machine ends: `"normal"`, `"shutdown"`, or for another reason. Only replies may be among its actions. */
      readonly stop?: unknown;
      readonly data?: D;
      readonly actions?: readonly Action<E>[];
      /** Answers the call that is being handled. */
      readonly reply?: unknown;
    };

/** What `init` returns. */
export type Initial<S, D, E = EventTypes> =
  | { readonly state: S; readonly data?: D; readonly actions?: readonly Action<E>[] }
  /** There is nothing to start, and nothing wrong. */
  | { readonly ignore: true }
  | { readonly stop: unknown };

/** Why a machine has ended: a word, as OTP has it, and what belongs to it. */
export interface Reason {
  readonly name: string;
  readonly term?: unknown;
}

interface Common<S, D, E> {
  /** No other machine of the session has it; its status stands in the hall under `processes/<name>`. */
  readonly name?: string;
  /** What events carry: `{} as { cast: "go"; call: ["count", number] }`. Only for types. */
  readonly types?: E;
  readonly init: Initial<S, D, E> | (() => Initial<S, D, E>);
  /** Whether states are entered with a call, and left with one. */
  readonly stateEnter?: boolean;
  readonly stateLeave?: boolean;
  /** Runs at the end, unless the machine is killed. */
  readonly terminate?: (reason: Reason, data: D, machine: Machine<S, D, E>) => void;
}

type Call<S, D, E> = (
  event: MachineEvent<E> | StateCall<S>,
  data: D,
  machine: Machine<S, D, E>,
) => Result<NoInfer<S>, NoInfer<D>, E>;

/** One function for all states. A state is any value. */
export interface HandleDefinition<S, D, E> extends Common<S, D, E> {
  readonly handle: Call<S, D, E>;
  readonly states?: undefined;
}

/** A function for each state. */
export interface StatesDefinition<S extends string, D, E> extends Common<NoInfer<S>, D, E> {
  readonly states: { readonly [state in S]: Call<S, D, E> };
  readonly handle?: undefined;
}

export type Definition<S, D, E> = HandleDefinition<S, D, E> | StatesDefinition<S & string, D, E>;

/** A server: a machine with one state, and a function for each kind of event. */
export interface ServerDefinition<D, E> {
  readonly name?: string;
  readonly types?: E;
  readonly init: D | (() => D);
  readonly call?: (
    request: RequestIn<E>,
    data: NoInfer<D>,
    from: From<never>,
    server: Machine<"running", D, E>,
  ) => Served<NoInfer<D>, E>;
  readonly cast?: (message: In<E, "cast">, data: NoInfer<D>, server: Machine<"running", D, E>) => Served<NoInfer<D>, E>;
  readonly info?: (message: In<E, "info">, data: NoInfer<D>, server: Machine<"running", D, E>) => Served<NoInfer<D>, E>;
  readonly timeout?: (
    content: In<E, "timeout">,
    data: NoInfer<D>,
    server: Machine<"running", D, E>,
    name: string | undefined,
  ) => Served<NoInfer<D>, E>;
  readonly terminate?: (reason: Reason, data: NoInfer<D>, server: Machine<"running", D, E>) => void;
}

/** What a function of a server returns. */
export type Served<D, E = EventTypes> =
  // biome-ignore lint/suspicious/noConfusingVoidType: a function that returns nothing keeps the data
  | void
  | undefined
  | { readonly data?: D; readonly reply?: unknown; readonly stop?: unknown; readonly actions?: readonly Action<E>[] };

export interface CallOptions {
  /** Milliseconds, 1 or more; otherwise the call waits for ever. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

/** One running timeout. */
export interface TimerInfo {
  readonly type: "timeout" | "stateTimeout";
  readonly name?: string;
  readonly content: unknown;
  /** Milliseconds. */
  readonly remaining: number;
}

/** An event that waits for another state. */
export interface PostponedInfo {
  readonly type: string;
  readonly name?: string;
  readonly content: unknown;
  /** Milliseconds since it was first postponed. */
  readonly age: number;
}

/** One of the last transitions. */
export interface TransitionInfo<S> {
  /** What was handled; `"start"` for the first. */
  readonly type: string;
  readonly name?: string;
  /** The state after. */
  readonly state: S;
  readonly changed: boolean;
  readonly postponed: boolean;
  /** A reading of the monotonic clock. */
  readonly at: number;
}

/** A machine that was kept: a value, so it can be stored, sent, or written as JSON if its contents can. */
export type MachineSnapshot = { readonly [member: string]: unknown };

export interface RestoreOptions {
  readonly snapshot: MachineSnapshot;
  /** When its timers come: when they were to (the time in between counts), after what they had still to run, or anew. */
  readonly timers?: "deadline" | "remaining" | "restart";
}

/** A machine of this session. */
export interface Machine<S = unknown, D = unknown, E = EventTypes> {
  /** Its process id, unique in the hall. */
  readonly id: string;
  readonly name: string | undefined;
  /** Where the hall shows its state; deleted when it ends. Other sessions can watch it. */
  readonly key: string;
  readonly state: S;
  readonly data: D;
  /** Whether it has ended. */
  readonly ended: boolean;
  /** Why it has ended. */
  readonly reason: Reason | undefined;
  /** Resolves when it has ended. */
  readonly done: Promise<Reason>;

  /** Sends an event that nobody waits for; false if the machine has ended. `limit` if its mailbox is full. */
  cast(content: In<E, "cast">): boolean;
  /** Sends any other message, as `cast`. */
  info(content: In<E, "info">): boolean;
  /** Resolves with the reply. Rejects with `timeout`, with `closed` if the machine ends, with the signal's reason. */
  call<const R extends RequestIn<E>>(request: R, options?: CallOptions): Promise<ReplyTo<E, R>>;
  /** Ends it after what waits now; resolves when it has ended. */
  stop(reason?: unknown): Promise<Reason>;
  /** Ends it at once: nothing of its own runs. */
  kill(): void;
  /** It takes no messages until it is resumed. */
  suspend(): void;
  resume(): void;
  /** Calls the watcher with each new state, once a turn. */
  watch(watcher: (state: S) => void): Stop;

  /** The running timeouts, in the order of setting. */
  timers(): TimerInfo[];
  /** The postponed events, the oldest first. */
  postponed(): PostponedInfo[];
  /** The last transitions, the oldest first. */
  trace(): TransitionInfo<S>[];
  /** How many messages wait. */
  readonly waiting: number;
  /** Keeps it, between two transitions. `invalid-value` if its data or contents are no values. */
  snapshot(): MachineSnapshot;

  [Symbol.asyncDispose](): Promise<void>;
}

export interface TaskOptions {
  /** Milliseconds until it is cancelled, with `timeout`. */
  readonly deadline?: number;
  readonly signal?: AbortSignal;
  /** Who gets the end as an info event: `{ task, value }` or `{ task, error }`. */
  readonly owner?: Pick<Machine, "id" | "done" | "ended">;
}

/** One asynchronous piece of work. */
export interface Task<R> {
  readonly id: number;
  /** Resolves with what the work returned; rejects with what it threw, or why it was cancelled. */
  readonly result: Promise<R>;
  /** Aborts the signal that the work was given; its result counts no more. */
  cancel(reason?: unknown): void;
}

/** The machines of a hall. */
export interface Machines {
  /** Starts a machine with a function for each state. */
  machine<S extends string, D = undefined, E = EventTypes>(
    definition: StatesDefinition<S, D, E>,
    restore?: RestoreOptions,
  ): Machine<S, D, E>;
  /** Starts a machine with one function for all states. */
  machine<S, D = undefined, E = EventTypes>(
    definition: HandleDefinition<S, D, E>,
    restore?: RestoreOptions,
  ): Machine<S, D, E>;
  /** Starts a server: a machine with one state. */
  server<D, E = EventTypes>(definition: ServerDefinition<D, E>, restore?: RestoreOptions): Machine<"running", D, E>;
  /** Begins a piece of work. */
  task<R>(work: (signal: AbortSignal) => Promise<R> | R, options?: TaskOptions): Task<R>;
}
