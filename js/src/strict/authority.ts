/**
 * The authority, as one session sees it: proposals go in, outcomes come out.
 *
 * At most one step of the store is under way; what is proposed meanwhile goes into the next, up to as many as a session
 * may have without an answer. A store that has lost its connection repeats the step with the same numbers, so that
 * nothing is decided twice. What changes documents, or may free what somebody waits for, is hinted to other tabs; hints may
 * be lost.
 */

import type { Owner } from "../contract.js";
import { StatehallError } from "../error.js";
import { type Action, end, proposal, QUERY, RELEASE } from "./action.js";
import type { Beacon } from "./beacon.js";
import { Reader, Writer } from "./bytes.js";
import { type Outcome, readOutcome } from "./outcome.js";
import { NONE, type Rows, type Store } from "./store.js";

/** How many requests a session may have without an answer. */
const WINDOW = 32;

/** What may change about a name: who holds it, and its document. The first letter of what is hinted. */
export const CLAIMS = "c";
export const DOCUMENT = "d";

/** What the authority needs of the hall. */
export interface Host {
  readonly name: string;
  readonly store: Store;
  /** Calls the kernel. */
  decide(batch: Uint8Array): Uint8Array | readonly string[];
  patch(encoded: Uint8Array, merge: boolean): Uint8Array | readonly string[];
  /** Uses an owner, if it has not ended; returns its name. */
  use(owner: string | Owner): string;
  now(): number;
  setTimer(wake: () => void, delay: number): () => void;
  /** How others find out that this session has died; nothing where nobody else could. */
  readonly beacon: Beacon | undefined;
  /** A new session's id. */
  newSession(): string;
  /** Tells other tabs what is changing. */
  hint(names: readonly string[]): void;
  /** Tells of an error that no caller waits for. */
  readonly report: (error: unknown) => void;
}

interface Request {
  readonly key: string;
  readonly action: Action;
  readonly settle: (outcome: Outcome) => void;
  readonly fail: (error: unknown) => void;
  /** Whether it has been asked once more, after the holder was found dead. */
  readonly again?: boolean;
}

export class Authority {
  session: string;
  readonly host: Host;
  #requests = 0;
  readonly #queue: Request[] = [];
  #busy = false;
  #closed = false;
  #leaving: Promise<void> | undefined;
  /** Whom to call when what they watch changes. */
  readonly #watchers = new Map<string, Set<() => void>>();
  /** What this session holds or waits for: as long as it does, others are to know that it lives. */
  readonly #claims = new Set<unknown>();
  /** How many watches of documents are open. */
  followers = 0;
  /** Whom to call when the hall is closed. */
  readonly endings = new Set<() => void>();

  constructor(host: Host) {
    this.host = host;
    this.session = host.newSession();
  }

  /** Resolves with what was decided. Rejects what cannot be asked, and what exceeds a limit. */
  propose(key: string, action: Action, again = false): Promise<Outcome> {
    return new Promise((settle, fail) => {
      if (this.#closed) throw closed(this.host.name);
      // So that a request that cannot be one fails alone. Nothing is decided without rows.
      this.host.decide(batchOf([proposal(this.session, 1, key, action)], new Map(), false));
      this.#queue.push({ key, action, settle, fail, again });
      void this.#run();
    });
  }

  /** Begins to hold or wait for something, whatever names it. */
  async claim(claim: unknown): Promise<void> {
    this.#claims.add(claim);
    await this.host.beacon?.light(this.session);
  }

  /** Does not hold or wait for it any more. */
  unclaim(claim: unknown): void {
    this.#claims.delete(claim);
    if (this.#claims.size === 0) this.host.beacon?.douse();
  }

  /** Sees to it that what a session has goes on to the next when it dies; returns how to stop that. */
  bury(session: string): () => void {
    const died = () => void this.propose("", end(session)).catch(() => {});
    return (session !== this.session && this.host.beacon?.watch(session, died)) || (() => {});
  }

  /** Calls `wake` when who holds a name may have changed, or its document; returns how to stop that. */
  watch(key: string, wake: () => void, what: typeof CLAIMS | typeof DOCUMENT): () => void {
    const name = what + key;
    const watchers = this.#watchers.get(name) ?? new Set();
    this.#watchers.set(name, watchers.add(wake));
    return () => {
      watchers.delete(wake);
      if (watchers.size === 0 && this.#watchers.get(name) === watchers) this.#watchers.delete(name);
    };
  }

  /** Somebody has changed these. */
  changed(names: Iterable<string>): void {
    for (const name of names) for (const wake of [...(this.#watchers.get(name) ?? [])]) wake();
  }

  /** Everybody looks again: hints may have been missed. */
  lookAgain(): void {
    this.changed(this.#watchers.keys());
  }

  /** What an owner of this session holds or waits for goes to the next in line. */
  endOwner(owner: string): void {
    if (this.#requests > 0 || this.#queue.length > 0) this.propose("", end(this.session, owner)).catch(() => {});
  }

  /** Gives everything back, and goes on as another session. */
  leave(): Promise<void> {
    this.#leaving ??= this.#end().finally(() => {
      this.#leaving = undefined;
    });
    return this.#leaving;
  }

  async #end(): Promise<void> {
    if (this.#requests === 0 && this.#queue.length === 0) return;
    const { session } = this;
    this.host.beacon?.douse();
    await this.propose("", end(session)).catch(() => {});
    if (this.session === session) this.#renew();
    this.lookAgain();
  }

  /** Gives everything back; resolves when the kernel is not needed any more. */
  async close(): Promise<void> {
    const left = this.leave();
    this.#closed = true;
    for (const ended of [...this.endings]) ended();
    await left;
    this.host.store.close();
  }

  #renew(): void {
    this.session = this.host.newSession();
    this.#requests = 0;
    this.#claims.clear();
    this.host.beacon?.douse();
  }

  async #run(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    // What is asked in the same turn is decided together.
    await undefined;
    while (this.#queue.length > 0) await this.#step(this.#queue.splice(0, WINDOW));
    this.#busy = false;
  }

  async #step(requests: readonly Request[]): Promise<void> {
    const { session } = this;
    const proposals = requests.map(({ key, action }) => proposal(session, ++this.#requests, key, action));
    let outcomes: Outcome[] = [];
    const touched = new Set<string>();
    let tries = 0;
    try {
      await this.host.store.change((given, whole) => {
        const answer = this.host.decide(batchOf(proposals, given, whole));
        if (!(answer instanceof Uint8Array)) return answer;
        tries++;
        const reader = new Reader(answer);
        const rows: Rows = new Map(reader.list(() => [reader.text(), reader.block()] as const));
        outcomes = requests.map(() => readOutcome(reader));
        note(touched, requests, outcomes, rows);
        // Before it is stored, because this tab may not live to say so after it: whoever hears of it asks the store, and
        // its answer comes after this step.
        if (touched.size > 0) this.host.hint([...touched]);
        return rows;
      });
    } catch (error) {
      for (const { fail } of requests) fail(error);
      return;
    }
    // Unless this session was ended or forgotten, which nothing of it has survived.
    if (outcomes.some(({ kind }) => kind === "forgotten") && this.session === session) this.#renew();
    for (const [i, request] of requests.entries()) this.#answer(request, outcomes[i] as Outcome, tries);
    this.changed(touched);
  }

  #answer({ key, action, settle, fail, again }: Request, outcome: Outcome, tries: number): void {
    if (outcome.kind === "limit") {
      const { name, max, given } = outcome;
      fail(new StatehallError("limit", `${name} is at most ${max}, this needs ${given}`));
    } else if (outcome.kind === "held" && !again) this.#askAgain(key, action, outcome).then(settle, fail);
    else if (outcome.kind !== "forgotten") settle(outcome);
    else if (tries === 1 && !this.#closed) this.propose(key, action).then(settle, fail);
    else fail(unknown());
  }

  /** A holder that has died holds nothing: one asks again. */
  async #askAgain(key: string, action: Action, outcome: Outcome & { kind: "held" }): Promise<Outcome> {
    const { session } = outcome.holder;
    if (session === this.session || !(await this.host.beacon?.isOut(session))) return outcome;
    await this.propose("", end(session));
    return this.propose(key, action, true);
  }
}

const unknown = () =>
  new StatehallError(
    "timeout",
    "the connection to the store was lost; whether this has happened, `get` and `query` tell",
  );

/** Notes what a step changes for those who watch it. */
function note(touched: Set<string>, requests: readonly Request[], outcomes: readonly Outcome[], rows: Rows): void {
  // Somebody may get what is released.
  if (requests.some(({ action }) => (action[0] as number) >= RELEASE && action[0] !== QUERY)) {
    for (const name of rows.keys()) if (name[0] === "r") touched.add(CLAIMS + name.slice(1));
  }
  for (const [i, { key }] of requests.entries()) {
    if (outcomes[i]?.kind === "committed") touched.add(DOCUMENT + key);
  }
}

export const closed = (name: string) => new StatehallError("closed", `the hall "${name}" is closed`);

function batchOf(proposals: readonly Uint8Array[], given: Rows, whole: boolean): Uint8Array {
  const batch = new Writer().byte(whole).number(proposals.length);
  for (const bytes of proposals) batch.block(bytes);
  batch.number(given.size);
  for (const [name, row] of given) batch.text(name).block(row ?? NONE);
  return batch.bytes;
}
