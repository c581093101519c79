/** An open batch, as far as JavaScript must know: which command it is at, and what its cells were before it. */

import type { Limits, Value } from "../contract.js";
import { StatehallError } from "../error.js";
import { admit } from "../value.js";
import type { Cell } from "./mirror.js";

export class Journal {
  readonly #before = new Map<Cell, Cell>();
  /** Commands that the batch has begun. */
  #commands = 0;
  /** Whether a batch that joined this one has failed. */
  failed = false;

  /** @param room How many bytes more there could be before the batch. */
  constructor(readonly room: number) {}

  /** Carries out a command of the batch; if it fails, the error says which it was. */
  command<R>(verb: string, key: unknown, work: () => R): R {
    const position = ++this.#commands;
    try {
      return work();
    } catch (error) {
      if (!(error instanceof StatehallError)) throw error;
      const what = typeof key === "string" ? `${verb} ${JSON.stringify(key)}` : verb;
      throw new StatehallError(error.code, `command ${position} (${what}): ${error.detail}`, { cause: error });
    }
  }

  /** Carries out a batch inside this one as a part of it; if it fails, all fails. */
  join<R>(work: () => R): R {
    try {
      return work();
    } catch (error) {
      this.failed = true;
      throw error;
    }
  }

  /** Notes what a cell was before the batch. */
  note(cell: Cell): void {
    if (!this.#before.has(cell)) this.#before.set(cell, { ...cell });
  }

  /** The number of a value that the cell had before the batch, if it is the same again. */
  refBefore(cell: Cell, value: Value, limits: Limits): number | undefined {
    const before = this.#before.get(cell);
    return before?.value !== undefined && admit(value, before.value, limits).same ? before.ref : undefined;
  }

  /** The batch has happened. A key that ends as it began has not changed: it has the same object, revision and writer. */
  keep(): void {
    for (const [cell, { ref, value, revision, origin }] of this.#before) {
      if (cell.ref === ref) Object.assign(cell, { value, revision, origin });
    }
  }

  /** Puts the mirror back to before the batch. */
  restore(): void {
    // A declaration is not rolled back.
    for (const [cell, before] of this.#before) Object.assign(cell, before, { declared: cell.declared });
  }
}
