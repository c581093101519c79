/** The channels of one session: opened, used and closed together, none disturbed by what another throws. */

import type { Adapter } from "../contract.js";

export class Bus {
  readonly #adapters: readonly Adapter[];
  readonly #name: string;
  readonly #receive: (frame: Uint8Array) => void;
  readonly #report: (error: unknown) => void;
  constructor(
    adapters: readonly Adapter[],
    name: string,
    receive: (frame: Uint8Array) => void,
    report: (error: unknown) => void,
  ) {
    this.#adapters = adapters;
    this.#name = name;
    this.#receive = receive;
    this.#report = report;
  }

  /** Joins on all channels, or on none. */
  open(): void {
    try {
      for (const adapter of this.#adapters) adapter.open({ name: this.#name, receive: this.#receive });
    } catch (error) {
      this.close();
      throw error;
    }
  }

  send(frame: Uint8Array): void {
    this.#each((adapter) => adapter.send(frame));
  }

  close(): void {
    this.#each((adapter) => adapter.close());
  }

  #each(work: (adapter: Adapter) => void): void {
    for (const adapter of this.#adapters) {
      try {
        work(adapter);
      } catch (error) {
        this.#report(error);
      }
    }
  }
}
