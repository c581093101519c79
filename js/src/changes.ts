/** Changes to iterate over: the kernel keeps a bounded queue, the reader takes from it when it is ready. */

import type { Change, Changes } from "./contract.js";
import { changeFor, passes, type Watch } from "./dispatch.js";
import type { Session } from "./session.js";

type Step = IteratorResult<Change, undefined>;

export class ChangeStream implements Changes {
  readonly #readers: ((step: Step) => void)[] = [];
  done = false;
  #watch: Watch | undefined;

  readonly #session: Session;
  readonly #shown: (change: Change) => Change;
  /** @param shown How the reader sees what the filter has let pass. */
  constructor(session: Session, shown = (change: Change) => change) {
    this.#session = session;
    this.#shown = shown;
  }

  /** Begins to read the changes of a watch. */
  read(watch: Watch): void {
    this.#watch = watch;
    this.wake();
  }

  /** Serves waiting readers; called when the kernel's queue is no longer empty. */
  wake(): void {
    for (let reader = this.#readers.shift(); reader !== undefined; reader = this.#readers.shift()) {
      // Taking may end the watch, and so serve the readers behind this one.
      const change = this.take();
      if (change !== undefined) reader({ value: change, done: false });
      else if (this.done) reader({ value: undefined, done: true });
      else {
        this.#readers.unshift(reader);
        return;
      }
    }
  }

  /** The watch has ended: readers are told. */
  end(): void {
    this.done = true;
    this.wake();
  }

  take(): Change | undefined {
    const watch = this.#watch;
    const session = this.#session;
    while (watch !== undefined && !watch.closed) {
      const { outlet } = watch;
      const told = outlet ? outlet.take() : session.take(watch);
      if (told === undefined) return undefined;
      const change = changeFor(watch, told, true);
      // An outlet has asked the filter already.
      const heard = outlet?.target ?? watch;
      // The filter may have ended its own watch.
      if (!passes(heard, change, (error) => session.report(error)) || watch.closed) continue;
      heard.delivered++;
      if (heard.once) watch.stop();
      return this.#shown(change);
    }
    return undefined;
  }

  next(): Promise<Step> {
    return new Promise((resolve) => {
      this.#readers.push(resolve);
      this.wake();
    });
  }

  async return(): Promise<Step> {
    this.stop();
    return { value: undefined, done: true };
  }

  get missed(): number {
    const watch = this.#watch;
    if (watch?.outlet) return watch.outlet.missed;
    return watch === undefined ? 0 : watch.closed ? watch.missed : this.#session.queue(watch).missed;
  }

  stop(): void {
    this.#watch?.stop();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.dispose](): void {
    this.stop();
  }
}
