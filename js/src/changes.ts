/** Changes to iterate over: the kernel keeps a bounded queue, the reader takes from it when it is ready. */

import type { Change, Changes } from "./contract.js";
import { type Watch, changeFor, passes } from "./dispatch.js";
import type { Session } from "./session.js";

/** How many changes are taken from the kernel at a time. */
const CHUNK = 64;

type Step = IteratorResult<Change, undefined>;

export class ChangeStream implements Changes {
  private readonly taken: Change[] = [];
  private readonly readers: ((step: Step) => void)[] = [];
  private done = false;
  private watch: Watch | undefined;

  constructor(private readonly session: Session) {}

  /** Begins to read the changes of a watch. */
  read(watch: Watch): void {
    this.watch = watch;
    this.wake();
  }

  /** Serves waiting readers; called when the kernel's queue is no longer empty. */
  wake(): void {
    while (this.readers.length > 0) {
      const change = this.taken.shift() ?? this.fetch();
      if (change !== undefined) this.readers.shift()?.({ value: change, done: false });
      else if (this.done) this.readers.shift()?.({ value: undefined, done: true });
      else return;
    }
  }

  /** The watch has ended: what is taken is still read, then readers are told. */
  end(): void {
    this.done = true;
    this.wake();
  }

  next(): Promise<Step> {
    return new Promise((resolve) => {
      this.readers.push(resolve);
      this.wake();
    });
  }

  async return(): Promise<Step> {
    this.stop();
    return { value: undefined, done: true };
  }

  get missed(): number {
    const { watch } = this;
    return watch === undefined ? 0 : watch.closed ? watch.missed : this.session.queue(watch).missed;
  }

  stop(): void {
    this.taken.length = 0;
    this.watch?.stop();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  private fetch(): Change | undefined {
    const { watch } = this;
    if (watch === undefined || watch.closed) return undefined;
    for (let more = true; more && this.taken.length === 0; ) {
      more = false;
      this.session.take(watch, CHUNK, (told) => {
        more = true;
        const change = changeFor(watch, told);
        if (watch.closed || !passes(watch, change, (error) => this.session.report(error))) return;
        watch.delivered++;
        this.taken.push(change);
        if (watch.once) watch.stop();
      });
    }
    return this.taken.shift();
  }
}
