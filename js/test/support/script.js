/** Transcript files: steps, and the commands in them. The grammar is in `tests/transcripts/README.md`. */

import { read, unquote, words } from "./notation.js";

const LINE = "----";

/** One command with what is indented below it. */
class Command {
  /** The hall, if one is named. */
  hall = undefined;
  /** Commands that are indented below this one. */
  block = [];
  /** What is neither an option nor a flag. */
  arguments = [];
  /** What is written `name=value`; a flag is an argument. */
  options = {};

  constructor(verb, rest = []) {
    this.verb = verb;
    for (const word of rest) {
      const [, name, value] = /^([A-Za-z.]*)=(.*)$/s.exec(word) ?? [];
      if (name === undefined) this.arguments.push(word);
      else this.options[name] = value;
    }
  }

  /** The argument at a position. */
  argument(position) {
    const argument = this.arguments[position];
    if (argument === undefined) throw new SyntaxError(`${this.verb} lacks argument ${position + 1}`);
    return argument;
  }

  /** Whether a flag is given. */
  flag(name) {
    return this.arguments.includes(name);
  }

  /** An option as a value. */
  option(name) {
    return this.options[name] === undefined ? undefined : read(this.options[name]);
  }

  /** An option as text, with or without quotes. */
  text(name) {
    return this.options[name] === undefined ? undefined : unquote(this.options[name]);
  }

  /** The command without its first argument, which becomes its verb. */
  tried() {
    const [verb, ...rest] = this.arguments;
    return Object.assign(new Command(verb, rest), { hall: this.hall, options: this.options, block: this.block });
  }
}

/** A command without arguments. */
export function commandOf(verb) {
  return new Command(verb);
}

/** Reads a file: its steps, each with `line`, `commands`, `skips`, `expected`. */
export function parse(text) {
  const steps = [];
  let step;
  let expecting = false;
  for (const [at, line] of text.replace(/\n$/, "").split("\n").entries()) {
    if (line === "") {
      step = undefined;
      expecting = false;
      continue;
    }
    if (step === undefined) steps.push((step = { line: at + 1, commands: [], skips: [], expected: [] }));
    if (expecting) step.expected.push(line);
    else if (line === LINE) expecting = true;
    else add(step, line, at + 1);
  }
  return steps;
}

function add(step, line, number) {
  if (line.startsWith("#")) return;
  const [, runner, reason] = /^skip ([a-z]+): (.*)$/.exec(line) ?? [];
  if (runner !== undefined) {
    step.skips.push({ runner, reason });
    return;
  }
  let commands = step.commands;
  for (let spaces = line.search(/[^ ]/); spaces > 0; spaces -= 2) {
    commands = commands.at(-1)?.block;
    if (commands === undefined) throw new SyntaxError(`${number}: indented below nothing`);
  }
  const [first = "", ...rest] = words(line);
  const command = first.startsWith("@") ? new Command(rest.shift(), rest) : new Command(first, rest);
  if (first.startsWith("@")) command.hall = first.slice(1);
  commands.push(command);
}
