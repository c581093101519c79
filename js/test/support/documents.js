/** What transcripts ask of contexts and leases, and what these answer, as lines. */

import { contextToValue } from "statehall";
import { START, turn } from "./clock.js";
import { bare, read, unquote, write } from "./notation.js";

const verbs = new Set(["context", "contexts", "clear-contexts", "lease", "renew", "release"]);

/** Whether a command is one of contexts or leases. They take time, so they stand below no other command. */
export const isDocuments = ({ verb }) => verbs.has(verb);

/** The leases and the watches of contexts that a transcript has named. */
export class Claims {
  #claims = new Map();
  /** What each watch has told and is not yet shown. */
  #watches = new Map();

  /** Carries out a command; returns its lines. */
  async run(hall, command) {
    switch (command.verb) {
      case "context":
        return this.#hear(await this.#onContext(hall, command));
      case "contexts":
        return [write((await hall.contexts()).map(({ id }) => id))];
      case "clear-contexts":
        return this.#hear([`cleared ${await hall.clearContexts()}`]);
      case "lease":
        return [await this.#show(command.argument(0))];
      case "renew": {
        const { lease } = this.#claims.get(command.argument(0));
        const ttl = number(command, "ttl");
        return [String(await (ttl === undefined ? lease.renew() : lease.renew(ttl)))];
      }
      default:
        return [await this.#release(command.argument(0))];
    }
  }

  /** Adds what the watches have told. */
  async #hear(lines) {
    if (this.#watches.size > 0) await turns();
    const watches = [...this.#watches].sort(([a], [b]) => (a < b ? -1 : 1));
    return [...lines, ...watches.flatMap(([, { heard }]) => heard.splice(0))];
  }

  #watch(context, command) {
    const name = command.text("as");
    const heard = [];
    const stop = context.watch(
      ({ id, version, value, initial }) => {
        const shown = value === undefined ? "absent" : write(value);
        heard.push(`told ${name} ${bare(id)} version=${version} ${shown}${initial ? " initial" : ""}`);
      },
      { initial: command.flag("initial") },
    );
    this.#watches.set(name, { heard, stop });
    return ["ok"];
  }

  async #onContext(hall, command) {
    const [key, verb] = [command.argument(0), command.argument(1)];
    const context = hall.context(key.startsWith("[") ? read(key) : unquote(key));
    const options = { expect: number(command, "expect"), lease: this.#claims.get(command.text("lease"))?.lease };
    const given = () => read(command.argument(2));
    const owner = () => unquote(command.argument(2));
    switch (verb) {
      case "get":
        return [recordLine(await context.get())];
      case "record":
        return [write(contextToValue(await context.get()))];
      case "create":
        return [commitLine(await context.create(given(), { lease: options.lease }))];
      case "replace":
        return [commitLine(await context.replace(given(), options))];
      case "patch":
      case "merge": {
        const patch = given();
        // One method, which tells them apart by the kind of the patch.
        if (Array.isArray(patch) !== (verb === "patch")) return ["error invalid-argument"];
        return [commitLine(await context.patch(patch, options))];
      }
      case "delete":
        return [commitLine(await context.delete(options))];
      case "lock":
        return [String((await context.lock(owner())) ?? "missing")];
      case "unlock":
        return [String((await context.unlock(owner())) ?? "missing")];
      case "break":
        return [String(await context.forceRelease(owner()))];
      case "holders": {
        const { holders, waiting } = await context.query();
        const lines = holders.map((holder) => `holder${holderFacts(holder)}`);
        lines.push(...waiting.map((name) => `waiter ${bare(name)}`));
        return [...lines, `${holders.length} holders, ${waiting.length} waiters`];
      }
      case "watch":
        return this.#watch(context, command);
      case "unwatch":
        this.#watches.get(owner()).stop();
        this.#watches.delete(owner());
        return ["ok"];
      case "acquire":
        return [await this.#acquire(context, command)];
      default:
        throw new SyntaxError(`no command of contexts ${verb}`);
    }
  }

  async #acquire(context, command) {
    const ending = new AbortController();
    const claim = { context, ending, result: undefined, lease: undefined };
    const timeout = number(command, "wait");
    const asked = context.acquire({
      owner: command.text("owner"),
      mode: command.flag("shared") ? "shared" : "exclusive",
      ttl: number(command, "ttl"),
      renew: false,
      wait: command.flag("wait") || timeout !== undefined,
      timeout,
      signal: ending.signal,
    });
    const settled = asked.then((result) => {
      claim.result = result;
      if (result.acquired) claim.lease = result;
    });
    settled.catch(() => {});
    // Refusals come at once; a place in the queue is what is left after some turns.
    await Promise.race([settled, turns()]);
    const { result } = claim;
    if (result?.acquired === false) return `held${holderFacts(result.holder)}`;
    this.#claims.set(command.text("as"), claim);
    return result === undefined ? "waiting" : `granted fence=${result.fence}`;
  }

  async #show(name) {
    await turns();
    const { context, result, lease } = this.#claims.get(name);
    if (result === undefined) return "waiting";
    if (lease === undefined) return "over";
    const { holders } = await context.query();
    return `${holders.some(({ fence }) => fence === lease.fence) ? "held" : "lost"} fence=${lease.fence}`;
  }

  async #release(name) {
    const { ending, lease } = this.#claims.get(name);
    this.#claims.delete(name);
    if (lease !== undefined) return String(await lease.release());
    ending.abort();
    await turns();
    return "gone";
  }
}

/** What is asked of the authority is answered within some turns. */
async function turns() {
  for (let i = 0; i < 4; i++) await turn();
}

function number(command, name) {
  return command.options[name] === undefined ? undefined : Number(command.options[name]);
}

function recordLine(record) {
  if (record === undefined) return "absent";
  const { data, version, createdAt, updatedAt, lockedBy } = record;
  const [created, updated] = [createdAt, updatedAt].map((time) => Date.parse(time) - START);
  const locked = lockedBy === undefined ? "" : ` locked=${bare(lockedBy)}`;
  return `${write(data)} version=${version} created=${created} updated=${updated}${locked}`;
}

function commitLine(commit) {
  if (commit.committed) return `committed version=${commit.version}`;
  switch (commit.reason) {
    case "exists":
    case "conflict":
      return `${commit.reason} version=${commit.version} ${write(commit.value)}`;
    case "held":
      return `held${holderFacts(commit.holder)}`;
    case "lease-lost": {
      const because = commit.because === undefined ? "" : ` reason=${bare(commit.because)}`;
      return `lease-lost${commit.holder === undefined ? "" : holderFacts(commit.holder)}${because}`;
    }
    case "inapplicable":
      return `inapplicable operation=${commit.operation} path=${bare(commit.path)} ${commit.problem}`;
    default:
      return commit.reason;
  }
}

function holderFacts({ owner, fence, mode, deadline }) {
  const until = deadline === undefined ? "" : ` until=${deadline - START}`;
  return ` owner=${bare(owner)} fence=${fence}${mode === "shared" ? " shared" : ""}${until}`;
}
