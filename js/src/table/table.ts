/**
 * Machines that are data: the entry `statehall/table`.
 *
 * A table is read and checked as a whole, and becomes a definition for `hall.machine`. What its words mean is the same
 * in every face, and written in `src/process/machine/table/mod.rs`. It is an entry of its own so that who writes
 * functions does not load it.
 */

import type { Value } from "../contract.js";
import { StatehallError } from "../error.js";
import type { HandleDefinition, Machine } from "../machine/contract.js";
import { admit, isSame } from "../value.js";
import { check } from "./check.js";
import { draw } from "./draw.js";
import { type Deed, isTimer, type Problem, type Read, type Rule, read, type Source } from "./read.js";

export type { Problem } from "./read.js";

type Data = Readonly<Record<string, Value>>;

/** A machine as data: see "Machines that are data" in the README. */
export interface Table {
  readonly initial: string;
  readonly states: {
    readonly [state: string]: { readonly enter?: readonly unknown[]; readonly rules?: readonly unknown[] };
  };
  /** Rules of every state, tried after its own. */
  readonly rules?: readonly unknown[];
  /** What the machine remembers, by name, with its first values. */
  readonly data?: { readonly [name: string]: unknown };
  /** What to do with an event for which there is no rule. */
  readonly unhandled?: "stop" | "keep";
}

/** The kind of an event as tables write it: `cast`, `state-timeout`, `timeout/name`. */
export type Kind = "call" | "cast" | "info" | "internal" | "timeout" | "state-timeout" | `timeout/${string}`;

/** A definition for `hall.machine`, and what only a table has. */
export interface TableDefinition extends HandleDefinition<string, { readonly [name: string]: Value }, object> {
  /** Whether a machine of this table has a rule for such an event now. */
  can(
    machine: Pick<Machine<string, unknown, object>, "state" | "data" | "ended">,
    kind: Kind,
    content?: unknown,
  ): boolean;
  /** The table as text of Mermaid, a state diagram. */
  draw(): string;
}

/** How many items a list of the data takes. */
const ITEMS_MAX = 1_000;
const BOUNDS = { valueBytes: 2 ** 24, metadataBytes: 0, valueDepth: 64 };

/** Everything that is wrong with a table; nothing if it can run. */
export function problemsOf(table: Table): Problem[] {
  return examined(table)[1];
}

/** A definition from a table. `invalid-declaration` names everything that is wrong with it. */
export function table(given: Table, name?: string): TableDefinition {
  const [table, problems] = examined(given);
  if (problems.length > 0) {
    const named = problems.map(({ place, what }) => `${place}: ${what}`).join("; ");
    throw new StatehallError("invalid-declaration", `the table is wrong: ${named}`);
  }
  return {
    ...(name === undefined ? {} : { name }),
    init: { state: table.initial, data: table.data },
    stateEnter: true,
    handle: (event, data, { state }) => handle(table, event as Event, data, state) as never,
    can: ({ state, data, ended }, kind, content = null) =>
      !ended && ruleFor(table, state, data as Data, kind, content as Value) !== undefined,
    draw: () => draw(table),
  };
}

function examined(given: unknown): [Read, Problem[]] {
  let copy: Value = null;
  try {
    // A copy, so that nobody changes a table that runs.
    copy = admit(structuredClone(given), undefined, BOUNDS).value;
  } catch (error) {
    return [read({})[0], [{ place: "table", what: (error as Error).message }]];
  }
  const [table, problems] = read(copy);
  return [table, [...problems, ...check(table)]];
}

/** Something that happened, as the machine is told. */
interface Event {
  readonly type: string;
  readonly content: Value;
  readonly name?: string;
  readonly from?: unknown;
}

function handle(table: Read, event: Event, data: Data, state: string): unknown {
  if (event.type === "enter") return perform(table.states.get(state)?.enter ?? [], data, undefined);
  const content = event.content ?? null;
  const rule = ruleFor(table, state, data, kindOf(event), content);
  if (rule === undefined) return table.strict ? { stop: "bad-event" } : undefined;
  const { next, stop, repeat, deeds } = rule;
  const then = next !== undefined ? { next } : stop !== undefined ? { stop } : repeat ? { repeat } : {};
  return { ...then, ...perform(deeds, data, event) };
}

function kindOf({ type, name }: Event): string {
  if (type === "stateTimeout") return "state-timeout";
  return name === undefined ? type : `${type}/${name}`;
}

/** The first rule that fits: of the state, then of every state. */
function ruleFor(table: Read, state: string, data: Data, kind: string, content: Value): Rule | undefined {
  const fits = ({ on, is, when }: Rule) =>
    (on === "any" || on === kind) &&
    (is === undefined || isSame(is, content)) &&
    when.every(({ left, comparison, right }) =>
      holds(sourced(left, data, content), comparison, sourced(right, data, content)),
    );
  return table.states.get(state)?.rules.find(fits) ?? table.rules.find(fits);
}

/** Whether a comparison holds. Those of order compare numbers, and are false for what is none. */
function holds(left: Value, comparison: string, right: Value): boolean {
  if (comparison === "=") return isSame(left, right);
  if (comparison === "!=") return !isSame(left, right);
  if (!isNumber(left) || !isNumber(right)) return false;
  if (comparison === "<") return left < right;
  if (comparison === "<=") return left <= right;
  return comparison === ">" ? left > right : left >= right;
}

function isNumber(value: Value): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

/** The value of a source. A member that is not there is null. */
function sourced(source: Source, data: Data, content: Value): Value {
  if (source.of === "value") return source.value;
  if (source.of === "event") return content;
  const members = (source.of === "data" ? data : content) as Data | null;
  const there = typeof members === "object" && members !== null && Object.hasOwn(members, source.name);
  return there ? (members[source.name] ?? null) : null;
}

/** Does the deeds that are the table's own, and lists the others as actions. */
function perform(deeds: readonly Deed[], before: Data, event: Event | undefined): { data: Data; actions: unknown[] } {
  const data: Record<string, Value> = { ...before };
  const actions: unknown[] = [];
  for (const { verb, name, sources } of deeds) {
    const [first = null, second = null] = sources.map((source) => sourced(source, data, event?.content ?? null));
    if (verb === "set") setMember(data, name, first);
    else if (verb === "add") setMember(data, name, sum(data[name], first));
    else if (verb === "append") setMember(data, name, longer(data[name], first));
    else if (verb === "reply") actions.push({ reply: event?.from, value: first });
    else if (verb === "insert") actions.push(inserted(name, first));
    else if (verb === "start") actions.push(timer(name, delay(first), second));
    else if (verb === "cancel") actions.push(timer(name, "cancel", undefined));
    else if (verb === "update") actions.push(timer(name, "update", first));
    else actions.push(verb);
  }
  return { data, actions };
}

/** A name is a name, whatever it is called. */
function setMember(data: Record<string, Value>, name: string, value: Value): void {
  Object.defineProperty(data, name, { value, writable: true, enumerable: true, configurable: true });
}

/** A time is a whole number of milliseconds; anything else makes the action a bad one. */
function delay(ms: Value): unknown {
  return Number.isSafeInteger(ms) ? ms : { ms };
}

function inserted(kind: string, content: Value): object {
  if (!isTimer(kind)) return { nextEvent: kind, content };
  const { name, ...rest } = timer(kind, true, content) as { name?: string; stateTimeout?: true };
  const nextEvent = rest.stateTimeout ? "stateTimeout" : "timeout";
  return name === undefined ? { nextEvent, content } : { nextEvent, content, name };
}

/** The action for a timeout. */
function timer(word: string, what: unknown, content: Value | undefined): object {
  const carried = content === undefined ? {} : { content };
  if (word === "state-timeout") return { stateTimeout: what, ...carried };
  return word === "timeout"
    ? { timeout: what, ...carried }
    : { timeout: what, name: word.slice("timeout/".length), ...carried };
}

function longer(list: Value | undefined, item: Value): Value {
  if (!Array.isArray(list)) throw new StatehallError("invalid-value", "what is added to is no list");
  if (list.length >= ITEMS_MAX) throw new StatehallError("limit", `a list of a table has at most ${ITEMS_MAX} items`);
  return [...list, item];
}

/** A whole number as long as both are. */
function sum(left: Value | undefined, right: Value): Value {
  if (!isNumber(left ?? null) || !isNumber(right)) throw wrongSum();
  if (![left, right].every((number) => typeof number === "bigint" || Number.isSafeInteger(number)))
    return Number(left) + Number(right);
  const whole = BigInt(left as number) + BigInt(right);
  if (BigInt.asIntN(64, whole) !== whole) throw wrongSum();
  return Number.isSafeInteger(Number(whole)) ? Number(whole) : whole;
}

function wrongSum(): StatehallError {
  return new StatehallError("invalid-value", "what is added is no number, or too much");
}
