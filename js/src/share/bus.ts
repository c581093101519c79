/** The channels of one session: opened, used and closed together, none disturbed by what another throws. */

import type { Adapter } from "../contract.js";

export class Bus {
  constructor(
    private readonly adapters: readonly Adapter[],
    private readonly name: string,
    private readonly receive: (frame: Uint8Array) => void,
    private readonly report: (error: unknown) => void,
  ) {}

  /** Joins on all channels, or on none. */
  open(): void {
    const { name, receive } = this;
    try {
      for (const adapter of this.adapters) adapter.open({ name, receive });
    } catch (error) {
      this.close();
      throw error;
    }
  }

  send(frame: Uint8Array): void {
    this.each((adapter) => adapter.send(frame));
  }

  close(): void {
    this.each((adapter) => adapter.close());
  }

  private each(work: (adapter: Adapter) => void): void {
    for (const adapter of this.adapters) {
      try {
        work(adapter);
      } catch (error) {
        this.report(error);
      }
    }
  }
}
