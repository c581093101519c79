/** What is wrong with a table that could be read: what it names and does not have, and what can never be. */

import { isSame } from "../value.js";
import type { Deed, Problem, Read, Rule, Source } from "./read.js";
import { isTimer } from "./read.js";

/** Deeds that change what the table remembers. */
const OWN = ["set", "add", "append"];

/** Everything that is wrong. */
export function check(table: Read): Problem[] {
  const checker = new Checker(table);
  const { initial, states, rules } = table;
  if (states.size > 0 && !states.has(initial) && initial !== "")
    checker.problem("initial", `there is no state ${JSON.stringify(initial)}`);
  for (const [name, row] of states) {
    const place = `states.${name}`;
    checker.rules(row.rules, `${place}.rules`);
    checker.enter(row.enter, `${place}.enter`);
    if (name === "") checker.problem(place, "a state has a name");
  }
  checker.rules(rules, "rules");
  const reached = reachedIn(table);
  // Without a first state all would be named, which says nothing.
  for (const name of states.keys())
    if (reached.size > 0 && !reached.has(name)) checker.problem(`states.${name}`, "no rule leads here");
  return checker.problems;
}

/** The timeouts that come at all. */
function startedIn({ states, rules }: Read): Set<string> {
  const rows = [...states.values()];
  const deeds = [
    ...rows.flatMap(({ enter }) => enter),
    ...[...rows.flatMap((row) => row.rules), ...rules].flatMap((rule) => rule.deeds),
  ];
  const starts = ({ verb, name }: Deed) =>
    verb === "start" || verb === "update" || (verb === "insert" && isTimer(name));
  return new Set(deeds.filter(starts).map(({ name }) => name));
}

/** The states that can be come to from the first. */
function reachedIn({ initial, states, rules }: Read): Set<string> {
  const reached = new Set<string>();
  const waiting = [initial];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const row = states.get(name);
    if (row === undefined || reached.has(name)) continue;
    reached.add(name);
    for (const { next } of [...row.rules, ...rules]) if (next !== undefined) waiting.push(next);
  }
  return reached;
}

class Checker {
  readonly problems: Problem[] = [];
  readonly #table: Read;
  readonly #started: Set<string>;

  constructor(table: Read) {
    this.#table = table;
    this.#started = startedIn(table);
  }

  problem(place: string, what: string): void {
    this.problems.push({ place, what });
  }

  rules(rules: readonly Rule[], list: string): void {
    for (const [number, rule] of rules.entries()) {
      const place = `${list}.${rule.number}`;
      const earlier = rules.slice(0, number).find((earlier) => covers(earlier, rule));
      if (earlier) this.problem(place, `it never fits, because rule ${earlier.number} does before it`);
      if (isTimer(rule.on) && !this.#started.has(rule.on)) this.problem(`${place}.on`, `${rule.on} is never started`);
      if (rule.next && !this.#table.states.has(rule.next))
        this.problem(`${place}.next`, `there is no state ${JSON.stringify(rule.next)}`);
      for (const [number, { left, right }] of rule.when.entries())
        for (const source of [left, right]) this.#source(source, `${place}.when.${number}`);
      for (const [number, deed] of rule.deeds.entries()) this.#done(rule, deed, `${place}.do.${number}`);
    }
  }

  #done(rule: Rule, deed: Deed, place: string): void {
    const replies = deed.verb === "reply";
    if (replies && rule.on !== "call") this.problem(place, `nobody waits for a reply to ${rule.on}`);
    if (rule.stop !== undefined && !replies && !OWN.includes(deed.verb))
      this.problem(place, "only a reply goes with a stop");
    this.#deed(deed, place);
  }

  enter(deeds: readonly Deed[], list: string): void {
    for (const [number, deed] of deeds.entries()) {
      const place = `${list}.${number}`;
      const { verb, sources } = deed;
      if (verb === "postpone") this.problem(place, "there is no event to postpone when a state is entered");
      if (verb === "insert") this.problem(place, "no event may be inserted when a state is entered");
      if (verb === "reply") this.problem(place, "nobody waits for a reply when a state is entered");
      if (sources.some(({ of }) => of === "event" || of === "member"))
        this.problem(place, "there is no event when a state is entered");
      this.#deed(deed, place);
    }
  }

  #deed({ verb, name, sources }: Deed, place: string): void {
    for (const source of sources) this.#source(source, place);
    const [first] = sources;
    if (verb === "insert" && (name === "any" || name === "call"))
      this.problem(place, "what is inserted is a cast, info, internal or a timeout");
    if (
      verb === "start" &&
      first?.of === "value" &&
      !(Number.isSafeInteger(first.value) && (first.value as number) >= 0)
    )
      this.problem(place, "a time is a whole number of milliseconds, and not negative");
    if (verb === "cancel" && !this.#started.has(name)) this.problem(place, `${name} is never started`);
    if (!OWN.includes(verb)) return;
    this.#data(name, place);
    const data = this.#table.data[name];
    if (verb === "add" && Object.hasOwn(this.#table.data, name) && typeof data !== "number" && typeof data !== "bigint")
      this.problem(place, `data ${JSON.stringify(name)} is no number`);
    if (verb === "append" && data !== undefined && !Array.isArray(data))
      this.problem(place, `data ${JSON.stringify(name)} is no list`);
  }

  #source(source: Source, place: string): void {
    if (source.of === "data") this.#data(source.name, place);
  }

  #data(name: string, place: string): void {
    if (!Object.hasOwn(this.#table.data, name)) this.problem(place, `there is no data ${JSON.stringify(name)}`);
  }
}

/** Whether every event that fits the later rule fits the earlier one. */
function covers(earlier: Rule, later: Rule): boolean {
  const content = earlier.is === undefined || (later.is !== undefined && isSame(earlier.is, later.is));
  return earlier.when.length === 0 && (earlier.on === "any" || earlier.on === later.on) && content;
}
