/** A variable: a key with a declaration. */

import { ChangeStream } from "../changes.js";
import { checkArgument, checkOptions, iterateOptions, putOptions, watchOptions } from "../check.js";
import type * as contract from "../contract.js";
import type { Change, Metadata, PutOptions, Stop, Value, Written } from "../contract.js";
import type { Watch } from "../dispatch.js";
import { StatehallError } from "../error.js";
import type { Cell } from "../mirror/mirror.js";
import type { Session } from "../session.js";
import { admitMetadata, handOut } from "../value.js";
import { filterOf } from "../watching/filter.js";
import { checkWaiting } from "../watching/open.js";
import { stopper } from "../watching/stop.js";
import type * as types from "./contract.js";
import type { Declared } from "./declared.js";

/** What a variable needs of its handle to a hall. */
export interface Host {
  /** The session, if the handle is open. */
  session(): Session;
  put(key: string, value: unknown, options?: PutOptions): Written;
  delete(key: string): Written;
  /** Puts what `change` makes of what `show` makes of the value. */
  replace(
    key: string,
    show: (value: Value | undefined) => Value | undefined,
    change: (value: never) => unknown,
    options: () => PutOptions | undefined,
  ): void;
  watch(
    key: string,
    watcher: (change: Change) => unknown,
    options: contract.WatchOptions,
    ended: (() => void) | undefined,
  ): Watch;
}

type VariableChange = types.VariableChange;
type Filter = ((change: VariableChange) => boolean) | contract.Filter;

export class Variable implements types.Variable {
  readonly #host: Host;
  readonly #declared: Declared;

  constructor(host: Host, declared: Declared) {
    this.#host = host;
    this.#declared = declared;
  }

  get key(): string {
    return this.#declared.key;
  }

  get declaration(): types.Declaration {
    return handOut(this.#declared.declaration) as types.Declaration;
  }

  get value(): Value | undefined {
    const session = this.#host.session();
    const value = this.#cell(session)?.value;
    // Most values fit, and are handed out as `get` does it.
    if (value !== undefined && this.#declared.fits(value)) return handOut(value);
    return handedOut(this.#declared.show(value).value);
  }

  get(fallback?: unknown): never {
    const { value } = this;
    return (value === undefined ? fallback : value) as never;
  }

  get isSet(): boolean {
    return this.#cell(this.#host.session())?.value !== undefined;
  }

  get violation(): StatehallError | undefined {
    return this.#declared.show(this.#cell(this.#host.session())?.value).violation;
  }

  get metadata(): Metadata {
    const cell = this.#cell(this.#host.session());
    return handOut({ ...this.#declared.metadata, ...cell?.metadata }) as Metadata;
  }

  set(value: unknown, options?: PutOptions): Written {
    const declared = this.#declared;
    if (options === undefined && declared.cell.metadata === undefined) return this.#host.put(declared.key, value);
    return this.#host.put(this.key, value, this.#joined(options));
  }

  update(change: (value: never) => unknown): Value | undefined {
    checkArgument("the argument of update", change, "callable");
    const show = (value: Value | undefined) => this.#declared.show(value).value;
    this.#host.replace(this.key, show, change, () => this.#joined(undefined));
    return this.value;
  }

  reset(): Written {
    return this.#host.delete(this.key);
  }

  watch(...rest: unknown[]): never {
    if (rest.length > 1) checkArgument("the watcher", rest[0], "callable");
    const watcher = typeof rest[0] === "function" ? (rest.shift() as (change: VariableChange) => unknown) : undefined;
    const [options = {}] = rest as [contract.WatchOptions?];
    checkOptions(options, watcher ? watchOptions : iterateOptions);
    const session = this.#host.session();
    const seen = this.#filtered(session, options);
    if (watcher !== undefined) {
      checkWaiting(options);
      const told = (change: Change) => watcher(this.#shown(change));
      return stopper(this.#host.watch(this.key, told, seen, undefined).stop) as Stop as never;
    }
    // The kernel's queue has no place for what is not there, so what waits does so here.
    const stream = new ChangeStream(session, (change) => this.#shown(change) as Change);
    const waiting = { overflow: "drop-oldest", ...seen } as const;
    stream.read(
      this.#host.watch(
        this.key,
        () => stream.wake(),
        waiting,
        () => stream.end(),
      ),
    );
    return stream as never;
  }

  /** The options of a watch whose filter is asked about what the variable shows. */
  #filtered(session: Session, options: contract.WatchOptions): contract.WatchOptions {
    const given = options.filter as Filter | undefined;
    if (given === undefined) return options;
    const filter = typeof given === "object" ? filterOf(given, session.limits) : given;
    return { ...options, filter: (change) => filter(this.#shown(change) as never) };
  }

  /** A change as the variable shows it. */
  #shown(change: Change): VariableChange {
    const { value, violation } = this.#declared.show(change.value);
    const old = change.initial ? undefined : handedOut(this.#declared.show(change.old).value);
    return { ...change, value: handedOut(value), old, deleted: change.deleted && !change.initial, violation };
  }

  /** Where the value is now. */
  #cell(session: Session): Cell | undefined {
    const declared = this.#declared;
    const { cell, key } = declared;
    return cell.declared === declared && cell.expires === undefined ? cell : session.find(key);
  }

  /** The options of a put that keeps the metadata that are there. */
  #joined(options: PutOptions | undefined): PutOptions | undefined {
    if (options !== undefined) checkOptions(options, putOptions);
    const session = this.#host.session();
    const known = this.#cell(session)?.metadata;
    const given = options?.metadata;
    if (known === undefined) return options;
    if (given === undefined) return { ...options, metadata: known };
    admitMetadata(given, undefined, session.limits);
    return { ...options, metadata: { ...known, ...given } };
  }
}

function handedOut(value: Value | undefined): Value | undefined {
  return value === undefined ? undefined : handOut(value);
}

/** The pairs of what was given to set many: pairs, a Map or an object. */
export function pairsOf(values: unknown): (readonly [key: unknown, value: unknown])[] {
  const wrong = () =>
    new StatehallError("invalid-argument", "what is set is an object, a Map, or pairs of key and value");
  if (typeof values !== "object" || values === null) throw wrong();
  if (!(Symbol.iterator in values)) return Object.entries(values);
  const pairs = [...(values as Iterable<unknown>)];
  for (const pair of pairs) if (!Array.isArray(pair) || pair.length !== 2) throw wrong();
  return pairs as (readonly [unknown, unknown])[];
}
