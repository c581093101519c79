/**
 * What is declared, as a session keeps it.
 *
 * The rules are the kernel's: it is asked about each value that is set, and passed the bytes. Only what obviously fits
 * as it is needs no question, and is put like a value of any other key: that is decided by a type, two bounds and a set
 * of texts, which the kernel has answered to the declaration.
 */

import { decode, Encoder } from "../codec.js";
import type { Limits, Metadata, Value } from "../contract.js";
import type { Core } from "../crossing.js";
import { StatehallError } from "../error.js";
import type { Cell, Mirror, Rules } from "../mirror/mirror.js";
import { measure } from "../value.js";

/** What is needed of a session. */
interface Host {
  readonly mirror: Mirror;
  readonly limits: Limits;
  call<R>(work: (core: Core) => R): R;
  find(key: string): Cell | undefined;
}

type Fits = (value: unknown) => boolean;

/** What fits a type and its bounds without a doubt, by the number of the type: see `kind.rs`. */
const simple: readonly ((min: number, max: number) => Fits)[] = [
  // -0 is stored as 0, so it does not fit as it is.
  (min, max) => (value) => typeof value === "number" && value >= min && value <= max && !Object.is(value, -0),
  (min, max) => (value) =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max && !Object.is(value, -0),
  // A text has at least half as many characters as it has units, and at most as many.
  (min, max) => (value) => typeof value === "string" && value.length >= 2 * min && value.length <= max,
  () => (value) => typeof value === "boolean",
  () => (value) => typeof value === "string",
  () => (value) => typeof value === "string",
  () => never,
  () => never,
  (min, max) => (value) => value instanceof Uint8Array && value.length >= min && value.length <= max,
  (min, max) => (value) => Array.isArray(value) && value.length >= min && value.length <= max,
  () => (value) => typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value),
  () => () => true,
];

function never(): boolean {
  return false;
}

/** What a variable shows of what is there, and why it does not show that. */
export interface Sight {
  readonly value: Value | undefined;
  readonly violation: StatehallError | undefined;
}

/** Parts encoded one after the other, by an encoder of their own: a Proxy may run the caller's code. */
function encoded(...parts: Value[]): Uint8Array {
  const encoder = new Encoder(64);
  for (const part of parts) encoder.write(part);
  return encoder.bytes();
}

/** The declaration of a key. */
export class Declared implements Rules {
  declaration: { readonly [member: string]: Value | undefined } = {};
  /** Where the value is while the key is declared. */
  cell!: Cell;
  /** Whether a value is stored as it is, for sure. */
  fits: Fits = never;
  /** What was seen last, and what is shown of it. */
  #seen: Value | undefined;
  #sight: Sight | undefined;

  readonly #host: Host;
  constructor(
    host: Host,
    readonly key: string,
    readonly bytes: Uint8Array,
  ) {
    this.#host = host;
  }

  /** Declares it in a kernel. */
  tell(core: Core): void {
    const [slot, kind, min, max] = core.declare(this.bytes) as Iterable<number> as [number, number, number, number];
    this.cell = this.#host.mirror.at(slot, this.key) as Cell;
    this.declaration = decode(core.declaration(this.key)) as Declared["declaration"];
    const { choices, enum: names = choices, modules: listed = names } = this.declaration;
    const set = Array.isArray(listed) ? new Set<unknown>(listed) : undefined;
    if (kind >= 0) this.fits = set ? (value) => set.has(value) : (simple[kind]?.(min, max) ?? never);
  }

  /** The default. */
  get fallback(): Value | undefined {
    return this.declaration["value"];
  }

  /** The value as it is to be stored. */
  judge(value: unknown): unknown {
    const host = this.#host;
    measure(value, host.limits);
    const old = host.find(this.key)?.value;
    const parts = old === undefined ? [value as Value] : [value as Value, old];
    const judged = host.call((core) => core.judge(encoded(this.key, ...parts)));
    return judged === 0 ? (Object.is(value, -0) ? 0 : value) : decode(judged);
  }

  /** What is shown of a value that is there. */
  show(value: Value | undefined): Sight {
    if (value === undefined || this.fits(value)) return { value: value ?? this.fallback, violation: undefined };
    if (this.#sight !== undefined && Object.is(value, this.#seen)) return this.#sight;
    const sight = this.#look(value);
    this.#seen = value;
    return (this.#sight = sight);
  }

  #look(value: Value): Sight {
    let error: unknown;
    try {
      this.#host.call((core) => core.judge_shown(encoded(this.key, value)));
    } catch (refused) {
      error = refused;
    }
    if (error === undefined) return { value, violation: undefined };
    if (error instanceof StatehallError && error.code === "constraint-violation") {
      return { value: this.fallback, violation: error };
    }
    throw error;
  }

  get metadata(): Metadata | undefined {
    return this.declaration["metadata"] as Metadata | undefined;
  }
}

/** The declarations of a session, by key. */
export class DeclaredKeys {
  readonly #byKey = new Map<string, Declared>();

  readonly #host: Host;
  constructor(host: Host) {
    this.#host = host;
  }

  /** The declaration of a key that must have one. */
  known(key: string): Declared {
    const declared = this.#byKey.get(key);
    if (declared) return declared;
    this.#host.call((core) => core.check_key(key));
    throw new StatehallError("invalid-argument", `${JSON.stringify(key)} is not declared`);
  }

  /** Declares a key; the same again is the same. */
  declare(key: string, declaration: unknown): Declared {
    const host = this.#host;
    const declared = new Declared(host, key, encoded(key, admitted(declaration, host.limits)));
    host.call((core) => declared.tell(core));
    const known = this.#byKey.get(key);
    if (known) return known;
    this.#byKey.set(key, declared);
    declared.cell.declared = declared;
    return declared;
  }

  /** All of them. */
  all(): Declared[] {
    return [...this.#byKey.values()];
  }

  /** Declares a key again as it was. */
  restore(declared: Declared): void {
    this.#host.call((core) => declared.tell(core));
    this.#byKey.set(declared.key, declared);
    declared.cell.declared = declared;
  }

  /** Takes a declaration back; false if there was none. */
  undeclare(key: string): boolean {
    const declared = this.#byKey.get(key);
    this.#host.call((core) => core.undeclare(key));
    if (declared === undefined) return false;
    this.#byKey.delete(key);
    declared.cell.declared = undefined;
    return true;
  }

  /** Declares all in a kernel that was built anew. */
  retell(core: Core): void {
    for (const declared of this.#byKey.values()) {
      declared.tell(core);
      declared.cell.declared = declared;
    }
  }
}

/** A declaration as a value that can be encoded. */
function admitted(declaration: unknown, limits: Limits): Value {
  try {
    measure(declaration, limits);
    return declaration as Value;
  } catch (error) {
    if (!(error instanceof StatehallError) || error.code !== "invalid-value") throw error;
    throw new StatehallError("invalid-declaration", error.detail, { cause: error });
  }
}
