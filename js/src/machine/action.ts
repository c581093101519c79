/** Actions as numbers: see `machine_act` in `src/face/js/machines`. */

/** Who gives contents their numbers. */
interface Words {
  hold(value: unknown): number;
  same(value: unknown): number;
  module(module: object): number;
}

/** Of actions that were written before. */
const NONE: Words = { hold: () => 0, same: () => 0, module: () => 0 };

/** The kinds of events, by their numbers; a call is the last. */
export const KINDS = ["cast", "info", "internal", "timeout", "stateTimeout", "timeout", "call"] as const;
const EVENT_TIMEOUT = 3;
const STATE_TIMEOUT = 4;
const NAMED_TIMEOUT = 5;

/** The numbers of actions. */
const REPLY = 0;
const POSTPONE = 1;
const NEXT_EVENT = 2;
const HIBERNATE = 3;
const AFTER = 4;
const AT = 5;
const NEVER = 6;
const CANCEL = 7;
const UPDATE = 8;
const CHANGE = 9;
const PUSH = 10;
const POP = 11;
const BAD = 12;

/** Milliseconds, so that a deadline in Unix time is a safe number as well. */
const LONGEST = 2 ** 52;

type Given = Readonly<Record<string, unknown>>;
/** Kind of action, timer or event, name or call, milliseconds, content. */
type Row = readonly [action: number, what: number, name: number, ms: number, content: number];

/** What an action may consist of, by its first member. */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  reply: ["value"],
  postpone: [],
  nextEvent: ["content", "name"],
  timeout: ["content", "absolute", "name"],
  stateTimeout: ["content", "absolute"],
  hibernate: [],
  changeModule: [],
  pushModule: [],
};

/** Who passes replies on. */
export interface Replier {
  /** Another one after the kernel was built anew: then calls are counted anew. */
  readonly generation: number;
  reply(asked: Asked, value: unknown): boolean;
}

/** A call that waits for its reply. */
export class Asked {
  readonly #replier: Replier;
  readonly #generation: number;
  readonly call: number;
  constructor(replier: Replier, call: number) {
    this.#replier = replier;
    this.#generation = replier.generation;
    this.call = call;
  }

  reply(value: unknown): boolean {
    return this.#replier.reply(this, value);
  }

  /** Whether it is one that this replier has asked, and not before a trap. */
  isOf(replier: Replier | undefined): boolean {
    return replier === undefined || (this.#replier === replier && this.#generation === replier.generation);
  }
}

/** Writes actions; what is none is written as that. */
export function writeActions(actions: readonly unknown[], words: Words, replier: Replier): Float64Array {
  return Float64Array.from(actions.flatMap((action) => row(action, words, replier)));
}

function row(action: unknown, words: Words, replier?: Replier): Row {
  if (typeof action === "number") return started(EVENT_TIMEOUT, 0, action, false, action, words) ?? bad(action, words);
  if (action === "postpone") return [POSTPONE, 1, 0, 0, 0];
  if (action === "hibernate") return [HIBERNATE, 1, 0, 0, 0];
  if (action === "popModule") return [POP, 0, 0, 0, 0];
  if (typeof action !== "object" || action === null) return bad(action, words);
  try {
    return written(action as Given, words, replier) ?? bad(action, words);
  } catch {
    // A name that is no text, or an object that cannot be read.
    return bad(action, words);
  }
}

function written(action: Given, words: Words, replier?: Replier): Row | undefined {
  const names = Object.keys(action);
  const verb = names.find((name) => Object.hasOwn(MEMBERS, name));
  if (verb === undefined) return undefined;
  const members = MEMBERS[verb] as readonly string[];
  if (!names.every((name) => name === verb || members.includes(name))) return undefined;
  const { [verb]: what, content, name, absolute = false, value } = action;
  switch (verb) {
    case "reply":
      return what instanceof Asked && what.isOf(replier) ? [REPLY, 0, what.call, 0, words.hold(value)] : undefined;
    case "postpone":
    case "hibernate":
      return typeof what === "boolean"
        ? [verb === "postpone" ? POSTPONE : HIBERNATE, Number(what), 0, 0, 0]
        : undefined;
    case "changeModule":
    case "pushModule":
      if (typeof what !== "object" || what === null) return undefined;
      return [verb === "pushModule" ? PUSH : CHANGE, 0, 0, 0, words.module(what)];
  }
  if (name !== undefined && typeof name !== "string") return undefined;
  const named = name === undefined ? 0 : words.same(name);
  if (verb === "nextEvent") {
    const kind = name === undefined ? KINDS.indexOf(what as "cast") : NAMED_TIMEOUT;
    if (kind < 0 || what === "call" || (name !== undefined && what !== "timeout")) return undefined;
    return [NEXT_EVENT, kind, named, 0, words.hold(content)];
  }
  const timer = verb === "stateTimeout" ? STATE_TIMEOUT : name === undefined ? EVENT_TIMEOUT : NAMED_TIMEOUT;
  return typeof absolute === "boolean" ? started(timer, named, what, absolute, content, words) : undefined;
}

function started(
  timer: number,
  name: number,
  delay: unknown,
  absolute: boolean,
  content: unknown,
  words: Words,
): Row | undefined {
  if (delay === "cancel") return [CANCEL, timer, name, 0, 0];
  if (delay === "update") return [UPDATE, timer, name, 0, words.hold(content)];
  if (typeof delay !== "number" || Number.isNaN(delay)) return undefined;
  if (delay === Number.POSITIVE_INFINITY) return [NEVER, timer, name, 0, words.hold(content)];
  const whole = delay < 0 && !absolute ? Math.floor(delay) : Math.ceil(delay);
  const ms = Math.max(-LONGEST, Math.min(whole, LONGEST));
  return [absolute ? AT : AFTER, timer, name, ms, words.hold(content)];
}

function bad(action: unknown, words: Words): Row {
  return [BAD, 0, 0, 0, words.hold(action)];
}

/** The first of the actions that was written as one of this kind and can be wrong: the one that was refused. */
export function offending(actions: readonly unknown[], kind: number): unknown {
  return actions.find((action) => {
    const [written, , , ms] = row(action, NONE);
    return written === kind && (kind !== AFTER || ms < 0);
  });
}
