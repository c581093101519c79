/** The store of a hall that is not shared: a map. */

import { type Decide, EVERYTHING, NONE, type Rows, type Store } from "./store.js";

export class MemoryStore implements Store {
  readonly outside = true;
  readonly #rows: Rows = new Map();

  async change(decide: Decide): Promise<void> {
    let [given, whole]: [Rows, boolean] = [new Map(), false];
    for (;;) {
      const answer = decide(given, whole);
      if (answer instanceof Map) {
        for (const [name, row] of answer) {
          if (row.length > 0) this.#rows.set(name, row);
          else this.#rows.delete(name);
        }
        return;
      }
      whole = (answer as readonly string[])[0] === EVERYTHING;
      if (whole) given = this.#rows;
      else for (const name of answer as readonly string[]) given.set(name, this.#rows.get(name) ?? NONE);
    }
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    return this.#rows.get(name);
  }

  async all(): Promise<Rows> {
    return this.#rows;
  }

  close(): void {
    this.#rows.clear();
  }
}
