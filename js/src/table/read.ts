/** A table from what was given. What cannot be read is named and left out, so that one reading names all. */

import type { Value } from "../contract.js";

/** One thing that is wrong with a table. */
export interface Problem {
  /** Where: `states.off.rules.0.next`. */
  readonly place: string;
  /** What is wrong. */
  readonly what: string;
}

/** The events of a rule: `any`, or a kind as tables write it. */
export type On = string;

export type Source =
  | { readonly of: "value"; readonly value: Value }
  | { readonly of: "data"; readonly name: string }
  | { readonly of: "event" }
  | { readonly of: "member"; readonly name: string };

/** A word, what it names (a timeout, a kind, data), and sources. */
export interface Deed {
  readonly verb: string;
  readonly name: string;
  readonly sources: readonly Source[];
}

export interface Guard {
  readonly left: Source;
  readonly comparison: string;
  readonly right: Source;
}

export interface Rule {
  /** Its place in the list as it was written. */
  readonly number: number;
  readonly on: On;
  readonly is: Value | undefined;
  readonly when: readonly Guard[];
  readonly next: string | undefined;
  readonly repeat: boolean;
  readonly stop: Value | undefined;
  readonly deeds: readonly Deed[];
}

export interface Row {
  readonly enter: readonly Deed[];
  readonly rules: readonly Rule[];
}

export interface Read {
  readonly initial: string;
  /** In the order of their names. */
  readonly states: ReadonlyMap<string, Row>;
  readonly rules: readonly Rule[];
  readonly data: Readonly<Record<string, Value>>;
  /** Whether an event without a rule stops the machine. */
  readonly strict: boolean;
}

type Members = Readonly<Record<string, Value | undefined>>;

export const COMPARISONS = ["=", "!=", "<", "<=", ">", ">="];
const KINDS = ["any", "call", "cast", "info", "internal"];
/** The deeds: what each names, and how many sources it has after that. */
const DEEDS: Readonly<Record<string, readonly [names: "" | "kind" | "timer" | "data", sources: number]>> = {
  reply: ["", 1],
  postpone: ["", 0],
  hibernate: ["", 0],
  insert: ["kind", 1],
  start: ["timer", 2],
  cancel: ["timer", 0],
  update: ["timer", 1],
  set: ["data", 1],
  add: ["data", 1],
  append: ["data", 1],
};
const EVENT: Source = { of: "event" };
/** Harmless ones stand in for what cannot be read, so that the others keep their places. */
const NO_DEED: Deed = { verb: "hibernate", name: "", sources: [] };
const NO_GUARD: Guard = { left: EVENT, comparison: "=", right: EVENT };

/** The table as far as it can be read, and what cannot. */
export function read(value: Value): [Read, Problem[]] {
  const reader = new Reader();
  const table = reader.table(value);
  return [table, reader.problems];
}

class Reader {
  readonly problems: Problem[] = [];

  table(value: Value): Read {
    const empty = { initial: "", states: new Map(), rules: [], data: {}, strict: true };
    const members = this.map(value, "");
    if (members === undefined) return empty;
    this.known(members, "", ["initial", "states", "rules", "data", "unhandled"]);
    const initial = this.text(members["initial"], "initial");
    const rows = members["states"] === undefined ? undefined : this.map(members["states"], "states");
    const names = Object.keys(rows ?? {}).sort(byBytes);
    if (names.length === 0 && this.problems.every(({ place }) => place !== "states"))
      this.problem("states", "there is none");
    const states = new Map(names.map((name) => [name, this.row(rows?.[name], `states.${name}`)]));
    const rules = this.rules(members["rules"], "rules");
    const data = (members["data"] === undefined ? undefined : this.map(members["data"], "data")) ?? {};
    const unhandled = members["unhandled"] ?? "stop";
    if (unhandled !== "stop" && unhandled !== "keep") this.problem("unhandled", "it is stop or keep");
    return { initial, states, rules, data: data as Read["data"], strict: unhandled === "stop" };
  }

  private problem(place: string, what: string): undefined {
    this.problems.push({ place: place === "" ? "table" : place, what });
  }

  private map(value: Value | undefined, place: string): Members | undefined {
    return isMap(value) ? value : this.problem(place, "it is a map");
  }

  private list(value: Value | undefined, place: string): readonly Value[] {
    if (value === undefined) return [];
    if (Array.isArray(value)) return value as readonly Value[];
    this.problem(place, "it is a list");
    return [];
  }

  private text(value: Value | undefined, place: string): string {
    if (typeof value === "string") return value;
    this.problem(place, "it is a text");
    return "";
  }

  private known(members: Members, place: string, names: readonly string[]): void {
    for (const name of Object.keys(members).sort(byBytes))
      if (!names.includes(name))
        this.problem(place, `there is no member ${JSON.stringify(name)}, only ${names.join(", ")}`);
  }

  private row(value: Value | undefined, place: string): Row {
    const members = this.map(value, place);
    if (members === undefined) return { enter: [], rules: [] };
    this.known(members, place, ["enter", "rules"]);
    return {
      enter: this.deeds(members["enter"], `${place}.enter`),
      rules: this.rules(members["rules"], `${place}.rules`),
    };
  }

  private rules(value: Value | undefined, place: string): Rule[] {
    const rules = this.list(value, place).map((rule, number) => this.rule(rule, number, `${place}.${number}`));
    return rules.filter((rule) => rule !== undefined);
  }

  private rule(value: Value, number: number, place: string): Rule | undefined {
    const members = this.map(value, place);
    if (members === undefined) return undefined;
    this.known(members, place, ["on", "is", "when", "next", "repeat", "stop", "do"]);
    const on = this.kind(members["on"], `${place}.on`);
    const when = this.list(members["when"], `${place}.when`).map((guard, number) =>
      this.guard(guard, `${place}.when.${number}`),
    );
    const repeat = members["repeat"] ?? false;
    if (typeof repeat !== "boolean") this.problem(`${place}.repeat`, "it is true or false");
    const next = members["next"] === undefined ? undefined : this.text(members["next"], `${place}.next`);
    const stop = members["stop"];
    if (Number(next !== undefined) + Number(stop !== undefined) + Number(repeat === true) > 1)
      this.problem(place, "it has more than one of next, repeat and stop");
    const deeds = this.deeds(members["do"], `${place}.do`);
    if (on === undefined) return undefined;
    return { number, on, is: members["is"], when, next, repeat: repeat === true, stop, deeds };
  }

  private kind(value: Value | undefined, place: string): On | undefined {
    const name = this.text(value, place);
    if (KINDS.includes(name) || isTimer(name)) return name;
    return name === "" ? undefined : this.problem(place, `${JSON.stringify(name)} is no kind of event`);
  }

  private timer(value: Value | undefined, place: string): string | undefined {
    const name = this.text(value, place);
    return isTimer(name) ? name : this.problem(place, `${JSON.stringify(name)} is no timeout`);
  }

  private guard(value: Value, place: string): Guard {
    if (!Array.isArray(value) || value.length !== 3) {
      this.problem(place, "it is a list of source, comparison and source");
      return NO_GUARD;
    }
    const [left, word, right] = value as [Value, Value, Value];
    const comparison = this.text(word, place);
    if (!COMPARISONS.includes(comparison)) {
      this.problem(place, `${JSON.stringify(comparison)} is no comparison`);
      return NO_GUARD;
    }
    const first = this.source(left, place);
    const second = first && this.source(right, place);
    return first && second ? { left: first, comparison, right: second } : NO_GUARD;
  }

  private source(value: Value, place: string): Source | undefined {
    if (!isMap(value)) return { of: "value", value };
    const [[name, what] = [], more] = Object.entries(value);
    if (more === undefined && what !== undefined) {
      if (name === "value") return { of: "value", value: what };
      if (name === "data" && typeof what === "string") return { of: "data", name: what };
      if (name === "event" && what === true) return EVENT;
      if (name === "event" && typeof what === "string") return { of: "member", name: what };
    }
    return this.problem(place, "a map names a source: {data: name}, {event: true}, {event: member} or {value: v}");
  }

  private deeds(value: Value | undefined, place: string): Deed[] {
    return this.list(value, place).map((deed, number) => this.deed(deed, `${place}.${number}`) ?? NO_DEED);
  }

  private deed(value: Value, place: string): Deed | undefined {
    const words = Array.isArray(value) ? (value as readonly Value[]) : [];
    const [verb = "it", ...rest] = words;
    const known = typeof verb === "string" && Object.hasOwn(DEEDS, verb) ? DEEDS[verb] : undefined;
    const [names, count] = known ?? ["", -1];
    const named = names === "" ? 0 : 1;
    if (typeof verb !== "string" || rest.length !== count + named)
      return this.problem(place, `${typeof verb === "string" ? verb : "it"} with ${rest.length} arguments is no deed`);
    const first = rest[0];
    const name =
      names === ""
        ? ""
        : names === "kind"
          ? this.kind(first, place)
          : names === "timer"
            ? this.timer(first, place)
            : this.text(first, place);
    if (name === undefined) return undefined;
    const sources: Source[] = [];
    for (const given of rest.slice(named)) {
      const source = this.source(given, place);
      if (source === undefined) return undefined;
      sources.push(source);
    }
    return { verb, name, sources };
  }
}

function isMap(value: Value | undefined): value is { readonly [name: string]: Value | undefined } {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** Whether it is a timeout: `timeout`, `state-timeout` or `timeout/name`. */
export function isTimer(name: string): boolean {
  return name === "timeout" || name === "state-timeout" || (name.startsWith("timeout/") && name.length > 8);
}

/** The order of UTF-8, which is that of code points. */
function byBytes(a: string, b: string): number {
  const [left, right] = [[...a], [...b]];
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const difference = (left[at]?.codePointAt(0) ?? 0) - (right[at]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
