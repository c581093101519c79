/** What transcripts ask of machines that are tables, and what these answer, as lines. */

import { table } from "statehall/table";
import { turn } from "./clock.js";
import { bare, read, unquote, write } from "./notation.js";

const now = ["machine", "cast", "info", "state", "data", "timers", "postponed", "can", "trace", "draw"];
const orders = ["stop", "kill", "suspend", "resume", "keep"];
const timely = ["call", "answer", "revive"];
const verbs = new Set([...now, ...orders, ...timely]);

/** Whether a command is one of machines. */
export const isOfMachines = ({ verb }) => verbs.has(verb);

/** The machines and calls that a transcript has named. */
export class Machines {
  #known = new Map();
  #calls = new Map();
  #kept = new Map();

  get areThere() {
    return this.#known.size > 0;
  }

  /** The machines that have ended since this was last asked. */
  ended() {
    const over = [...this.#known]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .filter(([, { machine, told }]) => machine.ended && !told);
    return over.map(([name, known]) => {
      known.told = true;
      return `ended ${name} ${because(known.machine.reason)}`;
    });
  }

  /** Carries out a command that needs time. */
  async run(hall, command) {
    if (command.verb === "call") return this.#call(this.#machine(command), command);
    if (command.verb === "answer") return [shown(this.#calls.get(command.argument(0)))];
    return this.runNow(hall, command);
  }

  /** Carries out a command that needs none. */
  runNow(hall, command) {
    const { verb } = command;
    if (verb === "machine") return this.#start(hall, command);
    if (verb === "revive") return this.#revive(hall, command);
    const machine = this.#machine(command);
    if (verb === "cast" || verb === "info") machine[verb](content(command, 1));
    else if (verb === "stop") {
      const [, reason] = command.arguments;
      void machine.stop(
        reason === undefined ? "normal" : reason === "shutdown" || reason === "normal" ? reason : content(command, 1),
      );
    } else if (verb === "keep") this.#kept.set(command.text("as"), machine.snapshot());
    else if (orders.includes(verb)) machine[verb]();
    else return this.#look(command, machine);
    return ["ok"];
  }

  #machine(command) {
    const known = this.#known.get(command.argument(0));
    if (known === undefined) throw new SyntaxError(`no machine ${command.argument(0)}`);
    return known.machine;
  }

  #start(hall, command) {
    const name = unquote(command.argument(0));
    const definition = table(command.block.length > 0 ? tableOf(command.block) : read(command.argument(1)), name);
    this.#known.set(name, { machine: hall.machine(definition), definition, told: false });
    return ["ok"];
  }

  #revive(hall, command) {
    const name = unquote(command.argument(0));
    const { definition } = this.#known.get(name);
    const { state, ...damaged } = this.#kept.get(command.argument(1));
    // What is kept is a value here: bytes that are cut are a value that is not whole.
    const snapshot = command.options.cut === undefined ? { ...damaged, state } : damaged;
    const machine = hall.machine(definition, { snapshot, timers: command.text("rearm") ?? "deadline" });
    this.#known.set(name, { machine, definition, told: false });
    return ["ok"];
  }

  async #call(machine, command) {
    const call = {};
    const timeout = command.options.timeout === undefined ? {} : { timeout: Number(command.options.timeout) };
    machine.call(content(command, 1), timeout).then(
      (value) => Object.assign(call, { value }),
      (error) => Object.assign(call, { error }),
    );
    await turn();
    if (shown(call) === "waiting") this.#calls.set(command.text("as"), call);
    return [shown(call)];
  }

  #look(command, machine) {
    const { definition } = this.#known.get(command.argument(0));
    switch (command.verb) {
      case "state":
        return [machine.ended ? `ended ${because(machine.reason)}` : bare(machine.state)];
      case "data":
        return [write(machine.data)];
      case "timers":
        return [
          ...machine.timers().map((timer) => `${kind(timer)} ${write(timer.content)} remaining=${timer.remaining}`),
          "ok",
        ];
      case "postponed":
        return [...machine.postponed().map((event) => `${kind(event)} ${write(event.content)} age=${event.age}`), "ok"];
      case "can":
        return [String(definition.can(machine, command.argument(1), content(command, 2)))];
      case "draw":
        return definition.draw().trimEnd().split("\n");
      default:
        return [...machine.trace().map(transition), "ok"];
    }
  }
}

function shown({ value, error }) {
  if (error !== undefined) throw error;
  return value === undefined ? "waiting" : `reply ${write(value)}`;
}

function transition({ at, state, changed, postponed, ...event }) {
  return `${at} ${kind(event)} ${changed ? "->" : "in"} ${bare(state)}${postponed ? " postponed" : ""}`;
}

function kind({ type, name }) {
  if (type === "stateTimeout") return "state-timeout";
  return name === undefined ? type : `${type}/${name}`;
}

function because({ name, term }) {
  if (term === undefined) return name;
  // What a limit needed is for people.
  if (name === "limit") return `${name} ${write(term.split(",")[0])}`;
  return `${name} ${write(name.startsWith("bad-") ? offending(term) : term)}`;
}

/** A wrong action, as deeds are written. */
function offending(action) {
  const given = action.stateTimeout ?? action.timeout;
  if (typeof given === "object") return given.ms;
  const timer = "stateTimeout" in action ? "state-timeout" : kind({ type: "timeout", name: action.name });
  return `start ${timer} ${given}`;
}

/** An argument as a value; a word that is none is text. */
function content(command, place) {
  const word = command.arguments[place];
  return word === undefined ? null : value(word);
}

function value(word) {
  try {
    return read(word);
  } catch {
    return word;
  }
}

/** A source: `.name` of the data, `event` and `event.member`, or a value. */
function source(word) {
  if (word.startsWith(".")) return { data: word.slice(1) };
  if (word.startsWith("event.")) return { event: word.slice("event.".length) };
  return word === "event" ? { event: true } : { value: value(word) };
}

/** A table as it stands below the command. */
function tableOf(lines) {
  const found = { states: {}, rules: [], data: {} };
  const row = (state) => (found.states[state] ??= { enter: [], rules: [] });
  for (const { verb, arguments: rest } of lines) {
    // A state that is only gone to needs no line of its own.
    const arrow = rest.indexOf("->");
    if (arrow >= 0) row(rest[arrow + 1]);
    if (verb === "data") found.data[rest[0]] = value(rest[1]);
    else if (verb === "unhandled") found.unhandled = rest[0];
    else if (verb === "*") found.rules.push(rule(rest));
    else {
      found.initial ??= verb;
      if (rest[0] === "enter") row(verb).enter.push(...deeds(rest.slice(2)));
      else if (rest.length > 0) row(verb).rules.push(rule(rest));
      else row(verb);
    }
  }
  return found;
}

/** `kind [content] [if guard [and guard]] [-> state | repeat | stop reason] [: deed; deed]` */
function rule([on, ...words]) {
  const found = { on };
  const rest = [...words];
  if (rest.length > 0 && !["if", "->", "repeat", "stop", ":"].includes(rest[0])) found.is = value(rest.shift());
  while (rest[0] === "if" || rest[0] === "and") {
    const [, left, comparison, right] = rest.splice(0, 4);
    found.when = [...(found.when ?? []), [source(left), comparison === "is" ? "=" : comparison, source(right)]];
  }
  if (rest[0] === "->") found.next = rest.splice(0, 2)[1];
  else if (rest[0] === "repeat") found.repeat = rest.shift() !== undefined;
  else if (rest[0] === "stop") found.stop = value(rest.splice(0, 2)[1]);
  if (rest.length > 0 && rest[0] !== ":") throw new SyntaxError(`nothing of a rule: ${rest.join(" ")}`);
  if (rest.length > 0) found.do = deeds(rest.slice(1));
  return found;
}

/** Deeds, with semicolons between. */
function deeds(words) {
  const named = ["insert", "start", "cancel", "update", "set", "add", "append"];
  const parts = words.join("\u0000").split("\u0000;\u0000");
  return parts.map((part) => {
    const [name, ...rest] = part.split("\u0000");
    return [name, ...rest.map((word, place) => (place === 0 && named.includes(name) ? word : source(word)))];
  });
}
