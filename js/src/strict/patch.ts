/**
 * Changes of a value written as data: JSON Patch (RFC 6902) and merge patch (RFC 7396), as `src/state/patch.rs` makes
 * them. `tests/fixtures/patches.txt` holds both to the same.
 *
 * All or nothing: what comes out is new, and what went in is as it was. Only the containers on the way to a change are
 * copied. A name is a name, whatever it is called: `__proto__` too.
 */

import type { Limits, Value } from "../contract.js";
import { StatehallError } from "../error.js";
import { isBytes, isSame, MAX_DEPTH, setMember, weigh } from "../value.js";
import type { Document } from "./documents.js";

/** Why an operation does not apply. */
export type Problem = "missing" | "not-container" | "not-place" | "test-failed" | "into-itself" | "whole";

/** The operation that does not apply: which of the patch, from 0, and the pointer that leads nowhere. */
export class Inapplicable {
  operation = 0;

  constructor(
    readonly path: string,
    readonly problem: Problem,
  ) {}
}

/** A pointer (RFC 6901): as it is written, and taken apart. */
interface Pointer {
  readonly text: string;
  readonly segments: readonly string[];
}

interface Operation {
  readonly op: string;
  readonly path: Pointer;
  /** Of a move or a copy. */
  readonly from: Pointer;
  /** Of the others but a removal. */
  readonly value: Value;
}

type Members = Record<string, Value>;

/**
 * The document after a patch: a list is a JSON Patch, anything else a merge patch. Both values were admitted.
 *
 * Errors: `invalid-argument` for what is no patch, before any of it is carried out; `limit` for a value of more than
 * `valueBytes` by copying, or one nested too deep.
 */
export function patched(target: Value, patch: Value, limits: Limits): Document | Inapplicable {
  const value = Array.isArray(patch) ? jsonPatch(target, patch, limits.valueBytes) : merged(target, patch);
  if (value instanceof Inapplicable) return value;
  const { size, height } = weigh(value, true);
  if (height > limits.valueDepth) throw tooDeep(limits.valueDepth);
  return { value, size };
}

function jsonPatch(target: Value, patch: readonly Value[], bytesMax: number): Value | Inapplicable {
  const operations = patch.map(readOperation);
  const draft = new Draft(target);
  // No less than it is worth in bytes by now, as far as copies make it grow: counted when there is one.
  let bytes = Number.POSITIVE_INFINITY;
  for (const [at, operation] of operations.entries()) {
    try {
      if (operation.op === "copy") {
        const copied = weigh(draft.find(operation.from)).size;
        bytes += copied;
        if (bytes > bytesMax) bytes = weigh(draft.value).size + copied;
        if (bytes > bytesMax) {
          throw new StatehallError("limit", `valueBytes is at most ${bytesMax}, this needs ${bytes}`);
        }
      }
      checkDepth(draft, operation);
      draft.carryOut(operation);
    } catch (why) {
      if (!(why instanceof Inapplicable)) throw why;
      why.operation = at;
      return why;
    }
  }
  return draft.value;
}

/** What an operation puts somewhere must not be nested too deep there. */
function checkDepth(draft: Draft, { op, path, from, value }: Operation): void {
  if (op === "remove" || op === "test") return;
  const placed = op === "move" || op === "copy" ? draft.look(from) : value;
  if (placed === undefined) return;
  if (path.segments.length + weigh(placed).height > MAX_DEPTH) throw tooDeep(MAX_DEPTH);
}

/** Members of maps are replaced, or removed where the patch has null. */
function merged(target: Value | undefined, patch: Value): Value {
  if (!isMap(patch)) return patch;
  const members: Members = isMap(target) ? { ...target } : {};
  for (const [name, change] of Object.entries(patch)) {
    if (change === null) delete members[name];
    else if (change !== undefined) setMember(members, name, merged(memberOf(members, name), change));
  }
  return members;
}

function readOperation(operation: Value, at: number): Operation {
  const mistaken = (what: string) => new StatehallError("invalid-argument", `operation ${at} of a patch ${what}`);
  if (!isMap(operation)) throw mistaken("is not a map");
  const text = (name: string) => {
    const text = memberOf(operation, name);
    if (typeof text !== "string") throw mistaken(`has no text "${name}"`);
    return text;
  };
  const pointer = (name: string): Pointer => {
    const written = text(name);
    if (!/^(\/([^~]|~[01])*)?$/s.test(written)) throw mistaken(`has no pointer "${name}"`);
    const segments = written.split("/").slice(1);
    return { text: written, segments: segments.map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~")) };
  };
  const path = pointer("path");
  const op = text("op");
  switch (op) {
    case "move":
    case "copy":
      return { op, path, from: pointer("from"), value: null };
    case "add":
    case "replace":
    case "test": {
      const value = memberOf(operation, "value");
      if (value === undefined) throw mistaken('has no "value"');
      return { op, path, from: path, value };
    }
    case "remove":
      return { op, path, from: path, value: null };
    default:
      throw mistaken("is none of add, remove, replace, move, copy and test");
  }
}

/** A value that is being changed. */
class Draft {
  value: Value;
  /** The containers that were made for this draft and are in one place of it: they may be changed. */
  readonly #own = new Set<object>();

  constructor(value: Value) {
    this.value = value;
  }

  carryOut({ op, path, from, value }: Operation): void {
    switch (op) {
      case "add":
        this.#add(path, value);
        break;
      case "remove":
        this.#remove(path);
        break;
      case "replace":
        this.find(path);
        this.#set(path, value);
        break;
      case "move":
        if (path.text.startsWith(`${from.text}/`)) throw new Inapplicable(path.text, "into-itself");
        if (from.text === path.text) this.find(from);
        else this.#add(path, this.#remove(from));
        break;
      case "copy": {
        const copied = this.find(from);
        // It is in two places from now on, and so is everything in it.
        this.#own.clear();
        this.#add(path, copied);
        break;
      }
      default:
        if (!isWorth(this.find(path), value)) throw new Inapplicable(path.text, "test-failed");
    }
  }

  /** What a pointer leads to. */
  find({ text, segments }: Pointer): Value {
    return segments.reduce<Value>((value, segment) => inside(value, segment, text), this.value);
  }

  /** The same; nothing where it leads nowhere. */
  look(path: Pointer): Value | undefined {
    try {
      return this.find(path);
    } catch {
      return undefined;
    }
  }

  #add(path: Pointer, value: Value): void {
    const last = path.segments.at(-1);
    const container = last === undefined ? undefined : this.#open(path);
    if (!Array.isArray(container)) this.#set(path, value);
    else container.splice(last === "-" ? container.length : place(last as string, container, path.text), 0, value);
  }

  #remove(path: Pointer): Value {
    const last = path.segments.at(-1);
    if (last === undefined) throw new Inapplicable(path.text, "whole");
    const container = this.#open(path);
    const removed = inside(container, last, path.text);
    if (Array.isArray(container)) container.splice(Number(last), 1);
    else delete container[last];
    return removed;
  }

  /** Puts a value where there is one already, or into a map. */
  #set(path: Pointer, value: Value): void {
    const last = path.segments.at(-1);
    if (last === undefined) this.value = value;
    else setMember(this.#open(path) as Members, last, value);
  }

  /** The container that a pointer leads into, which may be changed, as may those on the way. */
  #open({ text, segments }: Pointer): Value[] | Members {
    let container = this.#owned(this.value, text);
    this.value = container;
    for (const segment of segments.slice(0, -1)) {
      const inner = this.#owned(inside(container, segment, text), text);
      setMember(container as Members, segment, inner);
      container = inner;
    }
    return container;
  }

  #owned(value: Value, text: string): Value[] | Members {
    const list = Array.isArray(value);
    if (!list && !isMap(value)) throw new Inapplicable(text, "not-container");
    if (this.#own.has(value)) return value as Members;
    const made = list ? value.slice() : { ...(value as Members) };
    this.#own.add(made);
    return made;
  }
}

/** What a container has at a segment. */
function inside(value: Value, segment: string, text: string): Value {
  if (Array.isArray(value)) {
    const item: Value | undefined = value[place(segment, value, text)];
    if (item === undefined) throw new Inapplicable(text, "not-place");
    return item;
  }
  if (!isMap(value)) throw new Inapplicable(text, "not-container");
  const member = memberOf(value, segment);
  if (member === undefined) throw new Inapplicable(text, "missing");
  return member;
}

/** A place in a list, below or at its end. */
function place(segment: string, list: readonly Value[], text: string): number {
  if (!/^(0|[1-9][0-9]*)$/.test(segment) || Number(segment) > list.length) throw new Inapplicable(text, "not-place");
  return Number(segment);
}

/** Whether two values are the same by the rules of JSON, where an integer is a number like others. */
function isWorth(a: Value, b: Value): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => isWorth(item, b[i]));
  if (isMap(a) && isMap(b)) {
    const names = namesOf(a);
    return names.length === namesOf(b).length && names.every((name) => isWorthMember(a[name]!, memberOf(b, name)));
  }
  // Of two kinds of numbers neither is less than the other if they are the same.
  if (typeof a === "bigint" && typeof b === "number") return a <= b && a >= b;
  return typeof a === "number" && typeof b === "bigint" ? isWorth(b, a) : isSame(a, b);
}

const isWorthMember = (a: Value, b: Value | undefined) => b !== undefined && isWorth(a, b);

function isMap(value: Value | undefined): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isBytes(value);
}

/** A member that is undefined counts as absent. */
const memberOf = (map: Members, name: string): Value | undefined => (Object.hasOwn(map, name) ? map[name] : undefined);

const namesOf = (map: Members) => Object.keys(map).filter((name) => map[name] !== undefined);

const tooDeep = (max: number) =>
  new StatehallError("limit", `valueDepth is at most ${max}, this value is nested deeper`);
