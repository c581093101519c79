/** Where a transcript happens: halls, their clocks, the channel between them, named watches. */

import { openHall, StatehallError } from "statehall";
import { exportVariables, importVariables } from "statehall/variables";
import { ManualClock, START, turn } from "./clock.js";
import { Claims, isDocuments } from "./documents.js";
import { isOfMachines, Machines } from "./machines.js";
import { Network } from "./network.js";
import { bare, read, unquote, write } from "./notation.js";
import { Owners } from "./owners.js";
import { commandOf } from "./script.js";

/** The hall that commands mean unless they name one. */
const MAIN = "main";

/** How long `settle` takes, and how often it exchanges frames. */
const SETTLE_MS = 3_000;
const SETTLE_STEP_MS = 10;

export class World {
  #seed;
  #opened = 0n;
  #elapsed = 0;
  #members = new Map();
  #watches = new Map();
  #snapshots = new Map();
  #exports = new Map();
  #claims = new Claims();
  #machines = new Machines();
  #owners = new Owners();
  #network = new Network();
  /** What was heard and is not yet shown: notifications and reports. */
  #heard = [];

  /** All hashes and all sessions' ids depend on the seed. */
  constructor(seed) {
    this.#seed = seed;
  }

  /** Carries out commands; returns their replies and what was heard. Only what needs time ends the turn. */
  async run(commands) {
    const timely = { advance: this.#advance, settle: this.#settle, lose: this.#lose, ready: this.#ready };
    const lines = [];
    for (const command of commands) {
      if (Object.hasOwn(timely, command.verb)) lines.push(await timely[command.verb].call(this, command));
      else if (isOfMachines(command)) lines.push(...(await this.#onMachines(command)));
      else if (isDocuments(command)) lines.push(...(await this.#onDocuments(command)));
      else concluding(lines, () => this.#run(command, undefined, lines));
      // Where machines run, each command is a turn.
      if (this.#machines.areThere) {
        await turn();
        lines.push(...this.#machines.ended());
      }
      lines.push(...this.#heard.splice(0));
    }
    return lines;
  }

  async #onMachines(command) {
    return this.#taking(async () => this.#machines.run(this.#handle(command, undefined), command));
  }

  async #onDocuments(command) {
    return this.#taking(async () => this.#claims.run(this.#handle(command, undefined), command));
  }

  /** Does what needs time; shows the error if it is refused. */
  async #taking(work) {
    try {
      return await work();
    } catch (error) {
      const lines = [];
      concluding(lines, () => {
        throw error;
      });
      return lines;
    }
  }

  close() {
    for (const member of this.#members.values()) member.close();
  }

  /** Carries out a command. `within` is the handle of the batch, update or watch around it. */
  #run(command, within, out) {
    switch (command.verb) {
      case "hall":
        this.#open(command);
        break;
      case "unwatch":
        this.#unwatch(command.argument(0));
        break;
      case "take":
        this.#take(command, out);
        return;
      case "same": {
        const [a, b] = command.arguments.map((name) => this.#snapshots.get(name));
        out.push(String(Buffer.compare(a, b) === 0));
        return;
      }
      case "throw":
        throw new Error("thrown by a transcript");
      case "try":
        concluding(out, () => this.#run(command.tried(), within, out));
        return;
      default:
        this.#runOn(this.#handle(command, within), command, out);
        return;
    }
    out.push("ok");
  }

  /** Carries out a command of one hall. */
  #runOn(hall, command, out) {
    switch (command.verb) {
      case "batch":
        hall.batch(() => this.#block(command, hall, out));
        break;
      case "update":
        this.#update(hall, command, out);
        return;
      case "watch":
        this.#watch(hall, command);
        break;
      case "snapshot":
        this.#snapshots.set(command.text("as"), hall.snapshot());
        break;
      case "restore":
        hall.restore(this.#bytes(command));
        break;
      case "receive":
        this.#network.give(command.hall ?? MAIN, this.#bytes(command));
        break;
      case "close":
        hall.close();
        break;
      case "owner":
      case "touch":
      case "left":
        out.push(this.#owners.run(hall, command));
        return;
      case "declare":
        hall.variable(naming(command.argument(0)), read(command.argument(1)));
        break;
      case "export-variables": {
        const exported = exportVariables(hall);
        if (command.options.as === undefined) {
          out.push(write(exported.variables));
          return;
        }
        this.#exports.set(command.text("as"), exported);
        break;
      }
      case "import-variables": {
        const word = command.argument(0);
        importVariables(hall, this.#exports.get(word) ?? read(word));
        break;
      }
      default:
        out.push(...(isOfMachines(command) ? this.#machines.runNow(hall, command) : answer(hall, command)));
        return;
    }
    out.push("ok");
  }

  /** Carries out what is indented; a reply that is only `ok` is not shown. */
  #block(command, within, out) {
    for (const inner of command.block) {
      const replies = [];
      try {
        this.#run(inner, within, replies);
      } finally {
        out.push(...replies.filter(isWorthShowing));
      }
    }
  }

  #open(command) {
    const name = command.arguments.find((argument) => argument !== "share") ?? MAIN;
    const limits = Object.entries(command.options).flatMap(([option, value]) =>
      option.startsWith("limits.") ? [[option.slice("limits.".length), Number(value)]] : [],
    );
    const clock = new ManualClock(START + Number(command.options.ahead ?? 0));
    clock.elapsed = this.#elapsed;
    const hall = openHall({
      name: command.text("name"),
      agent: command.text("agent"),
      seed: this.#seed * 1_000n + ++this.#opened,
      limits: Object.fromEntries(limits),
      notify: command.option("notify"),
      share: command.flag("share") ? [this.#network.adapter(name)] : false,
      clock,
      onError: (error) => this.#report(name, error),
    });
    this.#members.get(name)?.close();
    this.#members.set(name, new Member(hall, clock));
  }

  #member(name) {
    if (name === MAIN && !this.#members.has(MAIN)) this.#open(commandOf("hall"));
    const member = this.#members.get(name);
    if (member === undefined) throw new SyntaxError(`no hall ${name}`);
    return member;
  }

  /** The handle that a command means. */
  #handle(command, within) {
    const member = this.#member(command.hall ?? MAIN);
    const agent = command.text("agent");
    if (agent !== undefined) return member.as(agent);
    return within !== undefined && command.hall === undefined ? within : member.hall;
  }

  /** Moves time, from one moment at which something is due to the next. */
  async #advance(command) {
    this.#member(MAIN);
    for (let left = Number(command.argument(0)); left > 0; ) {
      await turn();
      const clocks = [...this.#members.values()].map(({ clock }) => clock);
      const step = Math.max(1, Math.min(left, ...clocks.map((clock) => clock.next - clock.elapsed)));
      await this.#pass(step);
      left -= step;
    }
    return "ok";
  }

  async #pass(ms) {
    this.#elapsed += ms;
    for (const [, { clock }] of this.#sorted()) await clock.advance(ms);
  }

  /** Exchanges frames while time passes. */
  async #settle(command) {
    const ms = Number(command.arguments[0] ?? SETTLE_MS);
    await this.#network.exchange();
    for (let passed = 0; passed < ms; passed += SETTLE_STEP_MS) {
      await this.#pass(SETTLE_STEP_MS);
      await this.#network.exchange();
    }
    return "ok";
  }

  async #lose() {
    await this.#network.take();
    return "ok";
  }

  async #ready(command) {
    await turn();
    return String(this.#member(command.hall ?? MAIN).ready);
  }

  #sorted() {
    return [...this.#members].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  #watch(hall, command) {
    const name = command.text("as");
    const options = {
      initial: command.flag("initial"),
      once: command.flag("once"),
      owner: command.text("owner"),
      filter: filterOf(command.text("filter")),
      overflow: command.text("overflow"),
      capacity: number(command, "capacity"),
    };
    const selector = selecting(command.argument(0));
    const every = number(command, "deliver");
    if (options.capacity !== undefined && every === undefined) {
      this.#watches.set(name, hall.watch(selector, options));
      return;
    }
    if (every !== undefined) options.deliver = { every };
    const watcher = (change) => {
      this.#heard.push(`notify ${name} ${changeLine(change)}`);
      this.#react(name, command, hall);
    };
    this.#watches.set(name, { stop: hall.watch(selector, watcher, options) });
  }

  /** What a watcher does when it is called. */
  #react(name, command, within) {
    for (const inner of command.block) {
      const replies = [];
      try {
        concluding(replies, () => this.#run(inner, within, replies));
      } finally {
        this.#heard.push(...replies.filter(isWorthShowing).map((reply) => `reply ${name} ${reply}`));
      }
    }
  }

  #unwatch(name) {
    this.#watches.get(name)?.stop();
    this.#watches.delete(name);
  }

  /** Reads what waits, up to a number of changes. */
  #take(command, out) {
    const name = command.argument(0);
    const stream = this.#watches.get(name);
    const lines = [];
    for (let left = Number(command.argument(1)); left > 0; left--) {
      // Not `next()`: a reader who waits would be given the next change, which is then not queued.
      const change = stream.take();
      if (change === undefined) break;
      lines.push(`notify ${name} ${changeLine(change)}`);
    }
    const ended = lines.length === 0 && stream.done;
    const missed = stream.missed > 0 ? ` missed=${stream.missed}` : "";
    out.push(`${ended ? "ended" : "ok"}${missed}`, ...lines);
  }

  #update(hall, command, out) {
    const [initial, name] = [read(command.argument(1)), command.argument(2)];
    const operand = command.arguments[3] === undefined ? null : read(command.argument(3));
    const value = hall.update(naming(command.argument(0)), initial, (value) => {
      concluding(out, () => this.#block(command, hall, out));
      return functions[name](value, operand);
    });
    out.push(write(value));
  }

  /** The bytes that a command names or spells, damaged as it says. */
  #bytes(command) {
    const word = command.argument(0);
    const whole = this.#snapshots.get(word) ?? read(word);
    const bytes = whole.slice(0, Math.max(0, whole.length - (number(command, "cut") ?? 0)));
    const flip = number(command, "flip");
    if (flip < bytes.length) bytes[flip] ^= 0xff;
    return bytes;
  }

  #report(name, error) {
    if (!(error instanceof StatehallError)) throw error;
    // A machine that has ended is told of by itself.
    if (error.code === "callback-failed" && error.detail.startsWith("the machine ")) return;
    this.#heard.push(`report ${error.code}${name === MAIN ? "" : ` hall=${name}`}`);
  }
}

/** One hall, and the handles to it. */
class Member {
  ready = false;
  #agents = new Map();

  constructor(hall, clock) {
    this.hall = hall;
    this.clock = clock;
    hall.ready.then(() => {
      this.ready = true;
    });
  }

  as(agent) {
    if (!this.#agents.has(agent)) this.#agents.set(agent, this.hall.as(agent));
    return this.#agents.get(agent);
  }

  close() {
    for (const handle of [this.hall, ...this.#agents.values()]) handle.close();
  }
}

/** Does something; shows the error if it is refused. Everything else that is thrown goes on. */
function concluding(out, work) {
  try {
    work();
  } catch (error) {
    if (!(error instanceof StatehallError)) throw error;
    const [, position] = /^command (\d+) /.exec(error.detail) ?? [];
    out.push(`error ${error.code}${position === undefined ? "" : ` command=${position}`}`);
  }
}

function isWorthShowing(reply) {
  return reply !== "ok" && !reply.startsWith("ok ");
}

/** What a command that asks or writes answers, as lines. */
function answer(hall, command) {
  const { verb } = command;
  if (!Object.hasOwn(answers, verb)) throw new SyntaxError(`no command ${verb}`);
  return [answers[verb](hall, command)].flat();
}

const answers = {
  put: (hall, command) => {
    const facts = { metadata: command.option("metadata"), ttl: number(command, "ttl"), owner: command.text("owner") };
    const options = { ...condition(command), ...facts };
    // A put without options takes another path than one with, and both are to be seen.
    const given = Object.values(options).some((option) => option !== undefined);
    const rest = given ? [options] : [];
    return written(hall.put(naming(command.argument(0)), read(command.argument(1)), ...rest));
  },
  delete: (hall, command) => written(hall.delete(naming(command.argument(0)), condition(command))),
  clear: (hall, command) => `cleared ${hall.clear(selecting(command.argument(0)))}`,
  end: (hall, command) => `ended ${hall.end(unquote(command.argument(0)))}`,
  get: (hall, command) => {
    const key = naming(command.argument(0));
    return present("default" in command.options ? hall.get(key, command.option("default")) : hall.get(key));
  },
  variable: (hall, command) => {
    const [variable] = hall.variables(naming(command.argument(0)));
    return `${present(variable.value)}${variable.violation ? " violation" : ""}`;
  },
  facts: (hall, command) => write(hall.variables(naming(command.argument(0)))[0].metadata),
  undeclare: (hall, command) => String(hall.undeclare(naming(command.argument(0)))),
  set: (hall, command) => {
    const key = naming(command.argument(0));
    const [variable] = hall.variables(key);
    const options = { ...condition(command), metadata: command.option("metadata"), ttl: number(command, "ttl") };
    const given = Object.values(options).some((option) => option !== undefined);
    if (variable) return written(variable.set(read(command.argument(1)), ...(given ? [options] : [])));
    throw [...hall.setMany([[key, read(command.argument(1))]]).values()][0];
  },
  "set-many": (hall, command) => {
    const refused = [...hall.setMany(read(command.argument(0)))].sort(([a], [b]) => (a < b ? -1 : 1));
    return ["ok", ...refused.map(([key, { code }]) => `refused ${bare(key)} ${code}`)];
  },
  variables: (hall, command) => write(hall.variables(selecting(command.argument(0))).map(({ key }) => key)),
  has: (hall, command) => String(hall.has(naming(command.argument(0)))),
  entry: (hall, command) => {
    const entry = hall.entry(naming(command.argument(0)));
    if (entry === undefined) return "absent";
    const expires = entry.expires === undefined ? "" : ` expires=${entry.expires - START}`;
    return `${write(entry.value)}${facts(entry)} updated=${entry.updated - START}${expires}`;
  },
  keys: (hall, command) => write(hall.keys(...selection(command, 0))),
  map: (hall, command) => {
    const map = hall.toMap(...selection(command, 0));
    return `{${[...map].map(([key, value]) => `${write(key)}: ${write(value)}`).join(", ")}}`;
  },
  changes: (hall, command) => {
    const { compacted, revision, changes } = hall.changes(Number(command.argument(0)), ...selection(command, 1));
    if (compacted) return `compacted revision=${revision}`;
    const line = ({ key, value, revision }) => `changed ${bare(key)} ${present(value)} revision=${revision}`;
    return [`ok revision=${revision}`, ...changes.map(line)];
  },
  revision: (hall) => String(hall.revision),
  watches: (hall) =>
    hall.watches().map(({ selector, owner, delivered, queued, missed, lastError }) => {
      const shown = typeof selector === "string" ? bare(selector) : write(selector);
      const owned = owner === undefined ? "" : ` owner=${bare(owner)}`;
      const failed = lastError === undefined ? "" : ` error=${lastError.code}`;
      return `${shown}${owned} delivered=${delivered} queued=${queued} missed=${missed}${failed}`;
    }),
  usage: (hall) => {
    const { entries, tombstones, bytes, variables, watches, queued, sessions, framesDropped, clockAhead } =
      hall.usage();
    const held = `entries=${entries} tombstones=${tombstones} bytes=${bytes} variables=${variables}`;
    return `${held} watches=${watches} queued=${queued} sessions=${sessions} dropped=${framesDropped} ahead=${clockAhead}`;
  },
  sessions: (hall) => {
    const [own, ...others] = hall.sessions().map(({ agent, self }) => `session ${bare(agent)}${self ? " own" : ""}`);
    // The others are listed by their ids, which are random.
    return [own, ...others.sort()];
  },
  export: (hall, command) => hall.export(...selection(command, 0)).split("\n"),
};

function condition(command) {
  return { expect: number(command, "expect"), touch: command.flag("touch") || undefined };
}

function number(command, name) {
  return command.options[name] === undefined ? undefined : Number(command.options[name]);
}

/** A notification, without whom it is for. */
function changeLine(change) {
  const { key, old, value, initial, missed } = change;
  const lost = missed === undefined ? "" : ` missed=${missed}`;
  return `${bare(key)} ${present(old)} -> ${present(value)}${facts(change)}${initial ? " initial" : ""}${lost}`;
}

function written({ revision, changed, conflict }) {
  return `${conflict ? "conflict" : changed ? "ok" : "unchanged"} revision=${revision}`;
}

function present(value) {
  return value === undefined ? "absent" : write(value);
}

function facts({ revision, origin, metadata }) {
  const by = origin === "anonymous" ? "" : ` origin=${bare(origin)}`;
  return ` revision=${revision}${by}${metadata === undefined ? "" : ` metadata=${write(metadata)}`}`;
}

/** Reads a key: a bare or quoted word, or a list of segments. */
function naming(word) {
  return word.startsWith("[") ? read(word) : unquote(word);
}

/** Reads a selector: a key, or `{"keys": [...]}`. */
function selecting(word) {
  return word.startsWith("{") ? read(word) : naming(word);
}

/** The selector at a position, if there is one. */
function selection(command, position) {
  return command.arguments.slice(position, position + 1).map(selecting);
}

/** The functions that an update may name. */
const functions = {
  add: (value, operand) => value + operand,
  append: (value, operand) => [...value, operand],
  same: (value) => value,
  fail: () => {
    throw new Error("thrown by a transcript");
  },
};

/** The filters that a watch may name, besides maps. */
const filters = {
  deleted: (change) => change.deleted,
  present: (change) => !change.deleted,
  fail: () => {
    throw new Error("thrown by a transcript");
  },
};

function filterOf(name) {
  if (name === undefined) return undefined;
  if (name.startsWith("{")) return read(name);
  if (!Object.hasOwn(filters, name)) throw new SyntaxError(`no filter ${name}`);
  return filters[name];
}
