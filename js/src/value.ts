/**
 * What a hall can store. One walk validates a value, measures it, and freezes it.
 *
 * Invariant: a value that was admitted never changes again, and its encoding has exactly the size that was told. A
 * value that is refused is left as it was: nothing is frozen before everything is accepted.
 *
 * Objects and arrays are kept by reference. Byte arrays cannot be frozen, so they are copied on the way in and on the
 * way out, together with the containers that lead to them; the caller's own containers then stay as they are.
 */
import type { Limits, Metadata, Value } from "./contract.js";
import { StatehallError } from "./error.js";

/** Lists and maps inside one another: the most that any face accepts, whatever its limits say. */
export const MAX_DEPTH = 64;

/** What `admit` says of a value. */
export interface Admitted {
  /** What to store: the old value if the new one is the same. */
  value: Value;
  /** Bytes of its encoding. */
  size: number;
  /** True if it is structurally the same as the old one. */
  same: boolean;
}

/** Reused for every scalar, so that storing a number or a short text allocates nothing. */
const admitted: Admitted = { value: null, size: 1, same: false };

/** What is judged, and so which limit it has and how an error calls it. */
type Name = "value" | "metadata";
type Bounds = Pick<Limits, "valueBytes" | "metadataBytes" | "valueDepth">;

/**
 * Judges a value that is to replace `old`. The result is good until the next call.
 *
 * Errors: `invalid-value` with the path and what to do instead; `limit` if it is too large or too deep.
 */
export function admit(value: unknown, old: Value | undefined, limits: Bounds): Readonly<Admitted> {
  const size = scalarSize(value);
  if (size === 0) return walk(value, old, "value", limits.valueBytes, limits.valueDepth);
  if (size > limits.valueBytes) throw tooLarge("value", size, limits.valueBytes);
  admitted.value = value as Value;
  admitted.size = size;
  admitted.same = value === old || (value !== value && old !== old);
  return admitted;
}

/** Judges a value as `admit` does, and leaves it as it is: the result is for whoever has yet to ask about it. */
export function measure(value: unknown, limits: Bounds): void {
  const size = scalarSize(value);
  if (size > limits.valueBytes) throw tooLarge("value", size, limits.valueBytes);
  if (size === 0) passed(value, "value", limits.valueBytes, limits.valueDepth);
}

/**
 * The bytes and the height of a value that is made of admitted ones. With `keep` it becomes one: it is frozen, but not
 * copied, since no caller has what is in it.
 */
export function weigh(value: Value, keep = false): { readonly size: number; readonly height: number } {
  const scalar = scalarSize(value);
  if (scalar > 0) return { size: scalar, height: 0 };
  const pass = new Walk(value, "value", Number.POSITIVE_INFINITY, MAX_DEPTH);
  const height = pass.container(value, 0);
  if (keep) pass.adopt();
  return { size: pass.size, height };
}

/** Judges the metadata of an entry, which are to replace `old`: a plain object of storable values. */
export function admitMetadata(value: unknown, old: Metadata | undefined, limits: Bounds): Readonly<Admitted> {
  if (typeof value !== "object" || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) {
    throw new StatehallError("invalid-value", "metadata is not a plain object");
  }
  return walk(value, old, "metadata", limits.metadataBytes, limits.valueDepth);
}

/** The bytes of a scalar's encoding; 0 for a container and for what cannot be stored. */
export function scalarSize(value: unknown): number {
  // Not a switch, whose every case would compare texts.
  if (typeof value === "number") return Number.isSafeInteger(value) ? headSize(value < 0 ? -1 - value : value) : 9;
  if (typeof value === "string") {
    const length = utf8Length(value);
    return length < 0 ? 0 : headSize(length) + length;
  }
  if (typeof value === "boolean" || value === null) return 1;
  return typeof value === "bigint" && !fitsNumber(value) && BigInt.asIntN(64, value) === value ? 9 : 0;
}

/** The bytes that introduce an item: its kind and a number, in the shortest form. */
export function headSize(argument: number): number {
  return argument < 24 ? 1 : argument < 0x100 ? 2 : argument < 0x10000 ? 3 : argument < 0x100000000 ? 5 : 9;
}

export const utf8Encoder = new TextEncoder();

/** From this length on the encoder knows sooner than a loop whether a text is ASCII: of a thousand units in a twentieth of the time. */
const LONG = 64;
const scratch = new Uint8Array(4096);

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at += scratch.length) {
    const part = text.slice(at, at + scratch.length);
    const { read, written } = utf8Encoder.encodeInto(part, scratch);
    if (read !== part.length || written !== part.length) return false;
  }
  return true;
}

/** The length of a text as UTF-8, or -1 if it has a lone surrogate and so no UTF-8. */
export function utf8Length(text: string): number {
  let length = text.length;
  if (length >= LONG && isAscii(text)) return length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) length += 1;
    else if (unit < 0xd800 || unit > 0xdfff) length += 2;
    else {
      // A pair is two units here and four bytes there.
      const low = unit < 0xdc00 ? text.charCodeAt(++i) : 0;
      if (!(low >= 0xdc00 && low <= 0xdfff)) return -1;
      length += 2;
    }
  }
  return length;
}

/** What a reader gets: the stored value itself, or a copy if it holds bytes. */
export function handOut(value: Value): Value {
  return typeof value === "object" ? copy(value, holders) : value;
}

/** Marks a byte array, or a container that has one somewhere inside, that belongs to the hall alone. */
export function holdBytes(value: object): void {
  holders.add(value);
}

/** Gives an object being built a member of its own, whatever its name. */
export function setMember(object: Record<string, Value>, name: string, value: Value): void {
  if (name === "__proto__") {
    Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true });
  } else object[name] = value;
}

/** Byte arrays that belong to a hall, and the containers that lead to them. */
const holders = new WeakSet<object>();

/** Frozen containers without bytes that need no second walk: `size * NOTE + height` of each. */
const walked = new WeakMap<object, number>();
const NOTE = 2 * MAX_DEPTH;

/** The least size of a value whose containers are remembered: below it a second walk costs less than remembering. */
const WORTH_REMEMBERING = 128;

/** Finds an accessor without building a property descriptor, which takes three times as long for an array's items. */
const getterOf = (Object.prototype as unknown as { __lookupGetter__(this: object, name: PropertyKey): unknown })
  .__lookupGetter__;

/** Tells the kind of a typed array of any realm. A caller cannot override it. */
const kindOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)!
  .get as (this: unknown) => string;

/** Walks, compares and freezes. */
function walk(value: unknown, old: Value | undefined, name: Name, maxBytes: number, maxDepth: number): Admitted {
  return passed(value, name, maxBytes, maxDepth, (pass) => {
    const same = old !== undefined && isSame(value as Value, old);
    return { value: same ? old : pass.keep(), size: pass.size, same };
  });
}

/** Walks a value, and goes on with it if all of it is accepted. */
function passed<R>(value: unknown, name: Name, maxBytes: number, maxDepth: number, next?: (pass: Walk) => R): R {
  const pass = new Walk(value, name, maxBytes, Math.min(maxDepth, MAX_DEPTH));
  try {
    pass.container(value, 0);
    if (pass.size > maxBytes) throw tooLarge(name, pass.size, maxBytes);
    return next?.(pass) as R;
  } catch (cause) {
    if (cause instanceof StatehallError) throw cause;
    throw new StatehallError("invalid-value", `the ${name} threw while it was read`, { cause });
  }
}

/** One pass over one value. A Proxy may run the caller's code, so walks share no state. */
class Walk {
  /** Bytes of the encoding of what has been passed. */
  size = 0;
  /** Byte arrays among it. */
  byteArrays = 0;
  /** Those byte arrays, and the containers that lead to them. */
  holders: Set<object> | undefined = undefined;
  /** The containers that lead to none and were not walked before, inner ones first, each followed by its note. */
  fresh: (object | number)[] | undefined = undefined;
  /** The names that lead to where the walk is: as many as its level. */
  readonly path: (string | number)[] = [];

  constructor(
    readonly root: unknown,
    readonly name: Name,
    readonly maxBytes: number,
    readonly maxDepth: number,
  ) {}

  /** Freezes what was walked, once all of it is accepted, and returns what is to be stored. */
  keep(): Value {
    const root = this.root as Value;
    this.freeze();
    return this.holders === undefined ? root : copy(root, this.holders);
  }

  /** The same for what only the hall has. */
  adopt(): void {
    this.freeze();
    for (const holder of this.holders ?? []) {
      if (!isBytes(holder)) Object.freeze(holder);
      holdBytes(holder);
    }
  }

  freeze(): void {
    const remember = this.size >= WORTH_REMEMBERING;
    const fresh = this.fresh ?? [];
    for (let i = 0; i < fresh.length; i += 2) {
      Object.freeze(fresh[i]);
      if (remember) walked.set(fresh[i] as object, fresh[i + 1] as number);
    }
  }

  /** Walks a list, a map or a byte array and returns its height, 0 for bytes. Refuses everything else. */
  container(value: unknown, level: number): number {
    if (typeof value !== "object" || value === null) throw this.refusal(value, level);
    const note = walked.get(value);
    if (note !== undefined) {
      const height = note % NOTE;
      if (level + height > this.maxDepth) throw this.excess(level, level + height);
      this.size += (note - height) / NOTE;
      return height;
    }
    if (isBytes(value)) {
      this.size += headSize(value.length) + value.length;
      this.byteArrays += 1;
      (this.holders ??= new Set()).add(value);
      return 0;
    }
    // A shared container counts each time, so the size bounds the walk however often it is met.
    if (level >= this.maxDepth || this.size > this.maxBytes) throw this.excess(level, level + 1);
    const size = this.size;
    const byteArrays = this.byteArrays;
    const height = 1 + (Array.isArray(value) ? this.list(value, level) : this.map(value, level));
    if (this.byteArrays > byteArrays) this.holders!.add(value);
    else {
      const note = (this.size - size) * NOTE + height;
      // Most values are one flat container, and a first `push` makes room for seventeen.
      if (this.fresh === undefined) this.fresh = [value, note];
      else this.fresh.push(value, note);
    }
    return height;
  }

  /** Walks the items of a list and returns the greatest of their heights. */
  list(list: readonly unknown[], level: number): number {
    // The prototype of arrays is an array, in every realm; that of a subclass is not.
    if (!Array.isArray(Object.getPrototypeOf(list))) throw this.refusal(list, level);
    let height = 0;
    for (let i = 0; i < list.length; i++) {
      this.refuseAccessor(list, i, level);
      height = Math.max(height, this.member(list[i], i, level));
    }
    this.size += headSize(list.length);
    // There are no holes, so beside the items and `length` there can only be something that would be lost.
    if (Object.getOwnPropertyNames(list).length !== list.length + 1 || Object.getOwnPropertySymbols(list).length > 0) {
      throw this.invalid(level, "is an array with properties beside its items: use a plain object");
    }
    return height;
  }

  /** Walks the members of a map and returns the greatest of their heights. */
  map(map: object, level: number): number {
    if (!isPlain(map)) throw this.refusal(map, level);
    const names = Object.keys(map);
    // Two questions, which the engine has answers ready for; `Reflect.ownKeys` makes a put a fifth slower.
    if (Object.getOwnPropertyNames(map).length !== names.length || Object.getOwnPropertySymbols(map).length > 0) {
      throw this.invalid(level, "has members that are symbols or not enumerable: give them ordinary names");
    }
    let count = 0;
    let height = 0;
    for (const name of names) {
      this.refuseAccessor(map, name, level);
      const member = (map as Record<string, unknown>)[name];
      if (member === undefined) continue;
      const length = utf8Length(name);
      if (length < 0) throw this.invalid(level, `has a member name with a lone surrogate: ${JSON.stringify(name)}`);
      this.size += headSize(length) + length;
      height = Math.max(height, this.member(member, name, level));
      count += 1;
    }
    this.size += headSize(count);
    return height;
  }

  /** Walks what is inside a container and returns its height. */
  member(value: unknown, name: string | number, level: number): number {
    const size = scalarSize(value);
    if (size > 0) {
      this.size += size;
      return 0;
    }
    this.path[level] = name;
    return this.container(value, level + 1);
  }

  refuseAccessor(container: object, name: string | number, level: number): void {
    if (getterOf.call(container, name) === undefined) return;
    this.path[level] = name;
    throw this.invalid(level + 1, "is an accessor: store what it returns");
  }

  /** The error for a value that cannot be stored. */
  refusal(value: unknown, level: number): StatehallError {
    return this.invalid(level, `is ${describe(value)}`);
  }

  /** The error for a walk that went too far. A value that contains itself always ends here. */
  excess(level: number, depth: number): StatehallError {
    const above = new Set<unknown>();
    let value = this.root;
    for (let i = 0; i <= level; i++) {
      if (above.has(value)) return this.invalid(i, "contains itself: store a tree, and refer by a name or number");
      above.add(value);
      value = (value as Record<string | number, unknown>)[this.path[i]!];
    }
    if (this.size > this.maxBytes) return tooLarge(this.name, this.size, this.maxBytes);
    return new StatehallError("limit", `${this.where(level)} is nested ${depth} deep, valueDepth is ${this.maxDepth}`);
  }

  invalid(level: number, problem: string): StatehallError {
    return new StatehallError("invalid-value", `${this.where(level)} ${problem}`);
  }

  /** A path as one would write it, without its middle if it is very long. */
  where(level: number): string {
    let text = this.name;
    for (const name of this.path.slice(0, level)) {
      if (typeof name === "number") text += `[${name}]`;
      else text += /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
    }
    return text.length > 300 ? `${text.slice(0, 150)} ... ${text.slice(-100)}` : text;
  }
}

/** True if two values encode to the same bytes. */
export function isSame(a: Value | undefined, b: Value | undefined): boolean {
  if (a === b || (a !== a && b !== b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (isBytes(a) !== isBytes(b) || Array.isArray(a) !== Array.isArray(b)) return false;
  if (isBytes(a) || Array.isArray(a)) {
    const other = b as readonly Value[];
    return a.length === other.length && (a as readonly Value[]).every((item, i) => isSame(item, other[i]));
  }
  return isSameMap(a as Members, b as Members);
}

type Members = { readonly [name: string]: Value | undefined };

function isSameMap(a: Members, b: Members): boolean {
  let count = 0;
  for (const name of Object.keys(a)) {
    const member = a[name];
    if (member === undefined) continue;
    if (!Object.hasOwn(b, name) || !isSame(member, b[name])) return false;
    count += 1;
  }
  for (const name of Object.keys(b)) if (b[name] !== undefined) count -= 1;
  return count === 0;
}

/** Copies byte arrays and the containers that lead to them; the rest is taken over as it is. */
function copy(value: Value, inside: { has(value: object): boolean }): Value {
  if (typeof value !== "object" || value === null || !inside.has(value)) return value;
  let made: Value;
  if (isBytes(value)) made = new Uint8Array(value);
  else if (Array.isArray(value)) made = Object.freeze(Array.from(value as Value[], (item) => copy(item, inside)));
  else {
    const object: Record<string, Value> = {};
    for (const [name, member] of Object.entries(value)) {
      if (member !== undefined) setMember(object, name, copy(member, inside));
    }
    made = Object.freeze(object);
  }
  holdBytes(made);
  return made;
}

/** True for a Uint8Array of any realm, and for a Buffer of Node, which is one. */
export function isBytes(value: object): value is Uint8Array {
  return ArrayBuffer.isView(value) && kindOf.call(value) === "Uint8Array";
}

/** True for an object literal of any realm and for an object without prototype. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, "isPrototypeOf");
}

function fitsNumber(value: bigint): boolean {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER;
}

function tooLarge(name: Name, size: number, max: number): StatehallError {
  return new StatehallError("limit", `the ${name} takes at least ${size} bytes encoded, ${name}Bytes is ${max}`);
}

/** Names a value that cannot be stored, and says what to do instead. */
function describe(value: unknown): string {
  switch (typeof value) {
    case "undefined":
      return "undefined: use null, or leave it out";
    case "string":
      return "text with a lone surrogate: use toWellFormed()";
    case "bigint":
      return fitsNumber(value) ? "a bigint that a number can hold: use Number()" : "a bigint of over 64 bits: use text";
    case "symbol":
      return "a symbol: use text";
    case "function":
      return "a function: store data, and keep functions in modules";
  }
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  const kind = String((tag === "Object" ? Object.getPrototypeOf(value).constructor?.name : tag) || "a nameless class");
  const remedy = remedies.get(kind) ?? (ArrayBuffer.isView(value) ? "Array.from() or a Uint8Array" : "a plain object");
  return `an instance of ${kind}: use ${remedy}`;
}

const remedies = new Map([
  ["ArrayBuffer", "new Uint8Array(buffer)"],
  ["SharedArrayBuffer", "new Uint8Array(buffer)"],
  ["Date", "toISOString() or getTime()"],
  ["Map", "Object.fromEntries(map)"],
  ["Set", "an array: [...set]"],
  ["Promise", "what it resolves to: await it first"],
]);
