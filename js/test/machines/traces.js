/** The notation of `tests/machine/traces`, run on the package: see `tests/machine/script.rs` for what it means. */

import { StatehallError } from "statehall";
import { begin } from "../support/hall.js";

/** The cases of a file. */
export function cases(text) {
  return text.split(/^== /m).slice(1).map(readCase);
}

function readCase(text) {
  const [title, ...lines] = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  // A script has no line of dashes: what is expected of it stands elsewhere.
  const end = lines.includes("----") ? lines.indexOf("----") : lines.length;
  const found = {
    title,
    rules: [],
    modules: [],
    bounds: {},
    steps: [],
    init: answer("ok a"),
    expected: lines.slice(end + 1),
  };
  let module = "m1";
  for (const line of lines.slice(0, end)) {
    const [word, rest = ""] = cut(line, " ");
    if (word === "enter" || word === "leave") found[word] = true;
    else if (word === "functions" || word === "function") found.only = word === "functions";
    else if (word === "bound") found.bounds[rest.split(" ")[0]] = Number(rest.split(" ")[1]);
    else if (word === "init") found.init = answer(rest);
    else if (word === "module") {
      const [name, enter] = rest.split(" ");
      found.modules.push({ name, enter: enter === "enter" });
      module = name;
    } else if (word === "do") found.steps.push(rest);
    else {
      const [event, then] = cut(rest, ": ");
      found.rules.push({ once: word === "once", module, event: event.split(" "), answer: answer(then), used: false });
    }
  }
  return found;
}

function cut(text, mark) {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + mark.length)];
}

function answer(text) {
  const [words, actions = ""] = cut(text, "|");
  return {
    words: words.trim().split(/\s+/),
    actions: actions
      .split(";")
      .map((action) => action.trim())
      .filter((action) => action !== "")
      .map((action) => action.split(/\s+/)),
  };
}

/** A tuple is a list here. */
const value = (text) => (text.startsWith("(") ? [text] : /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text);

/** The members of an action for a timeout. */
function timer(word, what) {
  if (word === "state-timeout") return { stateTimeout: what };
  return word.startsWith("timeout/") ? { timeout: what, name: word.slice(8) } : { timeout: what };
}

function kindShown({ type, name }) {
  if (type === "stateTimeout") return "state-timeout";
  return name === undefined ? type : `${type}/${name}`;
}

function delay(word) {
  if (word === "never") return Number.POSITIVE_INFINITY;
  return Number(word.replace("@", ""));
}

/** Runs a case, and returns what is seen. */
export async function run(t, found, functions) {
  const seen = [];
  const limits = Object.fromEntries(
    Object.entries(found.bounds).filter(([name]) => ["mailbox", "postponed"].includes(name)),
  );
  const { hall, clock } = begin(t, {
    limits,
    onError: (error) => error.code === "invalid-argument" && seen.push(`error ${error.code}`),
  });
  // The traces begin at 100 ms.
  await clock.advance(100);
  const froms = new Map();
  let count = 0;
  const waiting = [];
  for (const rule of found.rules) rule.used = false;
  const modules = new Map();
  const because = (reason) => {
    if (reason.name === "because") return reason.term;
    if (reason.name === "failed") return `failed ${reason.term}`;
    return reason.term === undefined ? reason.name : `${reason.name} ${offender(reason.name, reason.term)}`;
  };
  const actionsOf = (list, from) => {
    const actions = [];
    for (const words of list) {
      const [verb, ...rest] = words;
      if (verb === "busy") clock.elapsed += Number(rest[0]);
      else if (verb === "count") count++;
      else if (verb === "reply" && rest[0] === "to") actions.push({ reply: froms.get(rest[1]), value: value(rest[2]) });
      else if (verb === "reply") actions.push({ reply: from, value: rest[0] === "$count" ? count : value(rest[0]) });
      else if (verb === "postpone") actions.push(rest[0] === "false" ? { postpone: false } : "postpone");
      else if (verb === "hibernate") actions.push("hibernate");
      else if (verb === "insert") {
        const [kind, content] = rest;
        const { timeout, stateTimeout, name } = kind.includes("timeout") ? timer(kind, true) : {};
        const type = timeout ? "timeout" : stateTimeout ? "stateTimeout" : kind;
        actions.push({ nextEvent: type, content: value(content), ...(name === undefined ? {} : { name }) });
      } else if (verb === "push") actions.push({ pushModule: moduleOf(rest[0]) });
      else if (verb === "change") actions.push({ changeModule: moduleOf(rest[0]) });
      else if (verb === "pop") actions.push("popModule");
      else if (verb === "bad") actions.push({ bad: rest[0] });
      else if (rest[0] === "cancel") actions.push(timer(verb, "cancel"));
      else if (rest[0] === "update") actions.push({ ...timer(verb, "update"), content: value(rest[1]) });
      else actions.push({ ...timer(verb, delay(rest[0])), absolute: rest[0].startsWith("@"), content: value(rest[1]) });
    }
    return actions;
  };
  const rule = (module, event) => {
    const fits = (pattern, word) => pattern === "*" || pattern === String(word);
    const rule = found.rules.find(
      (rule) =>
        !(rule.once && rule.used) &&
        rule.module === module &&
        rule.event.every((pattern, at) => fits(pattern, event[at])),
    );
    if (rule) rule.used = true;
    return rule;
  };
  const handle = (module, event, state) => {
    const shown =
      event.type === "enter"
        ? [state, "enter", event.old]
        : event.type === "leave"
          ? [state, "leave", event.next]
          : [state, kindShown(event), event.content];
    seen.push(`${found.modules.length > 0 ? `${module}: ` : ""}${shown.join(" ")}`);
    if (event.from) {
      const name = waiting.find((call) => !call.asked && call.content === event.content);
      if (name) {
        name.asked = true;
        froms.set(name.name, event.from);
      }
    }
    const then = rule(module, shown);
    if (!then) return undefined;
    const actions = actionsOf(then.answer.actions, event.from);
    const [verb, argument] = then.answer.words;
    if (verb === "raise") throw argument;
    if (verb === "junk") return argument;
    if (verb === "undef") return undefined;
    if (verb === "next") return { next: value(argument), actions };
    if (verb === "repeat") return { repeat: true, actions };
    if (verb === "stop") return { stop: argument === undefined ? "normal" : argument, actions };
    return { actions };
  };
  const moduleOf = (name) => {
    if (modules.has(name)) return modules.get(name);
    const known = found.modules.find((module) => module.name === name);
    const enter = name === "m1" && !known ? found.enter === true : (known?.enter ?? false);
    const call = (event, _data, machine) => handle(name, event, machine.state);
    const states = new Proxy(
      {},
      {
        getOwnPropertyDescriptor: () => ({ value: call, configurable: true, enumerable: true }),
        get: () => call,
        has: () => true,
      },
    );
    const module = {
      title: name,
      stateEnter: enter,
      stateLeave: found.leave === true,
      ...(functions ? { states } : { handle: call }),
      terminate: (reason, _data, machine) => {
        seen.push(`terminate ${because(reason)} in ${machine.state}`);
        const then = rule(name, [machine.state, "terminate", "x"]);
        if (then) throw then.answer.words[1];
      },
    };
    if (name !== "m1" && !known) return { nonsense: true, title: name };
    modules.set(name, module);
    return module;
  };
  const offender = (name, term) => {
    // postponed is at most 2, this needs 3
    if (name === "limit") return term.replace(/ is at most (\d+),.*/, " $1");
    if (term === "popModule") return "pop";
    if (typeof term !== "object" || term === null) return name.includes("enter-return") ? `next ${term}` : String(term);
    if ("nextEvent" in term) return `insert ${kindShown({ type: term.nextEvent, name: term.name })} ${term.content}`;
    if ("pushModule" in term) return `push ${term.pushModule.title}`;
    if ("changeModule" in term) return `change ${term.changeModule.title}`;
    if ("bad" in term) return term.bad;
    if ("nonsense" in term) return "nonsense";
    if ("stateTimeout" in term) return `state-timeout After(${term.stateTimeout})`;
    if ("timeout" in term) return `${kindShown({ type: "timeout", name: term.name })} After(${term.timeout})`;
    return "action";
  };
  const root = moduleOf("m1");
  root.init = () => {
    const [verb, argument] = found.init.words;
    if (verb === "ignore") return { ignore: true };
    if (verb === "stop") return { stop: argument };
    if (verb === "junk") return argument;
    if (verb === "raise") throw argument;
    return { state: value(argument), actions: actionsOf(found.init.actions) };
  };
  let machine;
  try {
    machine = hall.machine(root);
  } catch (error) {
    const { cause, detail } = error;
    if (cause === "ignore") seen.push("ignore");
    else
      seen.push(
        `error ${detail.includes("bad-return") ? "bad-return-from-init " : detail.includes("threw") ? "failed " : ""}${cause}`,
      );
    return seen;
  }
  void machine.done.then((reason) => seen.push(`ended ${because(reason)}`));
  const step = (line) => {
    for (const part of line.split("; ")) {
      const words = part.split(/\s+/);
      const [verb, content] = words;
      try {
        if (verb === "cast" || verb === "info") machine[verb](value(content));
        else if (verb === "call") {
          const name = words.at(-1);
          const within = words.indexOf("within");
          const timeout = within < 0 ? {} : { timeout: Number(words[within + 1]) };
          const ended = machine.ended;
          waiting.push({ name, content: value(content), asked: false });
          machine.call(value(content), timeout).then(
            (reply) => seen.push(`${name} gets ${reply}`),
            (error) => {
              const why = ended
                ? "noproc"
                : error.code === "closed"
                  ? because(machine.reason)
                  : error.code.replace("limit", "full");
              seen.push(`${name} exit ${why}`);
            },
          );
        } else if (verb === "remaining") {
          const [type, name] = content.split("/");
          const found = machine
            .timers()
            .find((info) => kindShown(info) === content || (info.type === type && info.name === name));
          seen.push(`remaining ${found ? `Some(${found.remaining})` : "None"}`);
        } else if (verb === "postponed") {
          seen.push(
            `postponed ${machine
              .postponed()
              .map(({ content, age }) => `${content} for ${age}`)
              .join(", ")}`,
          );
        } else if (verb === "suspend") machine.suspend();
        else if (verb === "resume") machine.resume();
        else if (verb === "stop") void machine.stop(content);
        else if (verb === "kill") machine.kill();
        else if (verb === "reply") {
          if (!froms.get(content).reply(value(words[2]))) seen.push("late");
        } else throw new Error(`the step ${part} is unknown`);
      } catch (error) {
        if (!(error instanceof StatehallError)) throw error;
        seen.push(error.code === "limit" ? "full" : `error ${error.code}`);
      }
    }
  };
  for (const line of found.steps) {
    const [verb, ms] = line.split(" ");
    if (verb === "advance" && !line.includes(";")) await clock.advance(Number(ms));
    else hall.batch(() => step(line));
    await clock.advance(0);
  }
  await clock.advance(0);
  return seen;
}
