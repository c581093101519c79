/** What a user of variables sees: declarations, and the types that they give to values. */

import type { Change, Filter, Metadata, PutOptions, Stop, Value, WatchOptions, Written } from "../contract.js";
import type { StatehallError } from "../error.js";

/** What any declaration may have. */
interface Common<V> {
  /** The default: shown until somebody sets the variable, and never written. */
  readonly value?: V | undefined;
  /** What the key is for. */
  readonly description?: string | undefined;
  /** Facts about the key, under those that are set. */
  readonly metadata?: Metadata | undefined;
  /** True: it cannot change after it was first set. */
  readonly immutable?: boolean | undefined;
}

interface Numeric<V> extends Common<V> {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  /** By how much it may change at most. */
  readonly maxDelta?: number | undefined;
  /** Where it may go; staying the same is allowed. */
  readonly monotonic?: "increasing" | "decreasing" | undefined;
}

interface Sized<V> extends Common<V> {
  /** Unicode scalar values of a text, bytes, or items. */
  readonly minLength?: number | undefined;
  readonly maxLength?: number | undefined;
}

interface Worded extends Sized<string> {
  readonly enum?: readonly string[] | undefined;
  readonly pattern?: string | undefined;
}

/** A shape and as many data as it has room for. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: readonly Value[];
  readonly [member: string]: Value | undefined;
}

type Members = { readonly [member: string]: Value | undefined };

/** What may be declared beside each type. */
export interface Declarations {
  float: Numeric<number>;
  integer: Numeric<number | bigint>;
  text: Worded;
  string: Worded;
  boolean: Common<boolean>;
  choice: Common<string> & { readonly choices?: readonly string[] | undefined };
  module: Common<string> & { readonly modules?: readonly string[] | undefined; readonly pattern?: string | undefined };
  embedding: Common<readonly number[]> & { readonly dimensions?: number | undefined };
  tensor: Common<Tensor> & { readonly shape?: readonly number[] | undefined };
  bytes: Sized<Uint8Array>;
  list: Sized<readonly Value[]>;
  map: Common<Members>;
  any: Common<Value>;
}

/** A declaration without a type: the default suggests one. */
type Suggested<T extends keyof Declarations, V> = Omit<Declarations[T], "value"> & {
  readonly type?: undefined;
  readonly value: V;
};

/** What a key may hold. */
export type Declaration =
  | { [T in keyof Declarations]: { readonly type: T } & Declarations[T] }[keyof Declarations]
  | Suggested<"float", number>
  | Suggested<"integer", bigint>
  | Suggested<"text", string>
  | Suggested<"boolean", boolean>
  | Suggested<"bytes", Uint8Array>
  | Suggested<"embedding", readonly number[]>
  | Suggested<"list", readonly Value[]>
  | Suggested<"map", Members>
  | Suggested<"any", null>;

/** The type of a declaration, by its name or as its default suggests. */
type TypeOf<D> = D extends { readonly type: infer T extends keyof Declarations }
  ? T
  : D extends { readonly value: infer V }
    ? V extends number
      ? "float"
      : V extends bigint
        ? "integer"
        : V extends string
          ? "text"
          : V extends boolean
            ? "boolean"
            : V extends Uint8Array
              ? "bytes"
              : V extends readonly []
                ? "list"
                : V extends readonly number[]
                  ? "embedding"
                  : V extends readonly unknown[]
                    ? "list"
                    : V extends null
                      ? "any"
                      : "map"
    : never;

interface Plain {
  float: number;
  integer: number;
  text: string;
  string: string;
  boolean: boolean;
  choice: string;
  module: string;
  embedding: readonly number[];
  tensor: Tensor;
  bytes: Uint8Array;
  list: readonly Value[];
  map: Members;
  any: Value;
}

/** The texts that are allowed, if they are listed. */
type Listed<D> = D extends { readonly choices: readonly (infer C extends string)[] }
  ? C
  : D extends { readonly enum: readonly (infer C extends string)[] }
    ? C
    : D extends { readonly modules: readonly (infer C extends string)[] }
      ? C
      : never;

/** The values of what is declared so. An integer beyond 2^53 is a bigint, which its type does not say. */
export type Declared<D> = [Listed<D>] extends [never] ? Plain[TypeOf<D>] : Listed<D>;

/** The values that a schema gives to a key, as a declaration would: read only, and an interface as its members. */
type Seen<V> = V extends Uint8Array ? V : V extends object ? { readonly [N in keyof V]: Seen<V[N]> } : V;

/** What is held by a key that a schema gives `V`: of that and what is declared whichever says more; nothing if they contradict. */
export type Held<D, V = Value> = Value extends V
  ? Declared<D>
  : [Declared<D>] extends [Seen<V>]
    ? Declared<D>
    : [Seen<V>] extends [Declared<D>]
      ? V
      : never;

/** What may be set: whole numbers as bigints as well, unless the schema has none. */
export type Settable<D, V = Value> =
  | Held<D, V>
  | (TypeOf<D> extends "integer" ? (bigint extends V ? bigint : never) : never);

/** What a variable shows: without a default, nothing until it is set. */
export type Shown<D, V = Value> = D extends { readonly value: infer F }
  ? F extends undefined
    ? Held<D, V> | undefined
    : Held<D, V>
  : Held<D, V> | undefined;

/** Refuses a type and a default that contradict what a schema gives to the key. */
export type Agreeing<D, V> = Value extends V
  ? unknown
  : [Held<D, V>] extends [never]
    ? { readonly [N in keyof D & ("type" | "value")]: never }
    : D extends { readonly value: infer F }
      ? [F] extends [Seen<V> | undefined]
        ? unknown
        : { readonly value: never }
      : unknown;

/** Refuses members that do not go with the type. */
export type Strict<D> = {
  readonly [N in Exclude<keyof D, "type" | keyof Declarations[TypeOf<D>]>]: never;
};

/** A change as a variable shows it. */
export type VariableChange<V = Value | undefined, K extends string = string> = Omit<
  Change<Value, K>,
  "value" | "old"
> & {
  /** What it shows now: what is there if it fits, else the default. */
  readonly value: V;
  readonly old: V | undefined;
  /** Why it does not show what is there. */
  readonly violation: StatehallError | undefined;
};

/** The changes of a variable to iterate over, as those of `hall.watch`. */
export interface VariableChanges<V = Value | undefined, K extends string = string>
  extends AsyncIterableIterator<VariableChange<V, K>> {
  take(): VariableChange<V, K> | undefined;
  readonly missed: number;
  stop(): void;
  [Symbol.dispose](): void;
}

/** How a variable is watched: a filter is asked about what it shows. */
export type VariableWatchOptions<V = Value | undefined, K extends string = string> = Omit<WatchOptions<V>, "filter"> & {
  readonly filter?: ((change: VariableChange<V, K>) => boolean) | Filter<NonNullable<V>> | undefined;
};

/** A key that is declared: what it may hold, and what it shows until somebody sets it. */
export interface Variable<V = Value | undefined, In = V, K extends string = string> {
  readonly key: K;
  /** The declaration in its one form. */
  readonly declaration: Declaration;
  /** What is set if it fits, else the default. */
  readonly value: V;
  /** As `value`, or the fallback where that is `undefined`. */
  get(): V;
  get<D>(fallback: D): Exclude<V, undefined> | D;
  /** Whether somebody has set it, to whatever. */
  readonly isSet: boolean;
  /** Why what is there is not shown: another session wrote it, or it was there before it was declared. */
  readonly violation: StatehallError | undefined;
  /** The declared metadata, and over them those that were set. */
  readonly metadata: Metadata;
  /** Sets it. Metadata join those that are there. A value that does not fit is refused: `constraint-violation`. */
  set(value: Exclude<In, undefined>, options?: PutOptions): Written;
  /** Sets it to what `change` makes of what it shows, and returns what it shows then. */
  update(change: (value: V) => Exclude<In, undefined>): V;
  /** Deletes what was set, so that it shows its default again. */
  reset(): Written;
  /** Calls the watcher with each change as the variable shows it. With `initial` there is always a first call. */
  watch(watcher: (change: VariableChange<V, K>) => void, options?: VariableWatchOptions<V, K>): Stop;
  /** The changes to iterate over. */
  watch(options?: Omit<VariableWatchOptions<V, K>, "deliver">): VariableChanges<V, K>;
}

/** One variable as it is carried: without a value it shows its default. */
export interface ExportedVariable {
  readonly declaration: Declaration;
  readonly value?: Value | undefined;
  readonly metadata?: Metadata | undefined;
}

/** The variables of a session as it gave them away: the same form in every face. */
export interface ExportedVariables {
  readonly session: string;
  readonly variables: { readonly [key: string]: ExportedVariable };
}
