/**
 * The cells that are ahead of the kernel.
 *
 * A put to a cell that the kernel has granted (see `src/kernel/behind.rs`) changes the mirror alone. The kernel catches
 * up before it is asked for anything else, and when the turn ends: of each cell it is told only the last put, in the
 * order of these; in a batch, in the order of the first ones.
 */

import type { Agent, Value } from "../contract.js";
import type { Cell } from "./mirror.js";

/** How many numbers the kernel is told of a put. */
const WIDTH = 5;

/** Room to tell it of some puts at once; so many that it stays near the processor. */
const puts = new Float64Array(256 * WIDTH);

/** More entries than cells that are let be. */
const SPARE = 1_024;

export class Ahead {
  /** Each cell where its `place` says; what is elsewhere was put again since. */
  private readonly cells: (Cell | undefined)[] = [];
  /** How much of the list is in use: it keeps its length, because growing again takes longer than a put. */
  filled = 0;

  /** Notes a put to one of `known` cells, after all others; in a batch, where its first put was. */
  add(cell: Cell, batch: boolean, known: number): void {
    // Most of so many were put again since.
    if (this.filled > 2 * known + SPARE) this.filled = this.tidy();
    const { cells, filled } = this;
    if (filled > 0) {
      const place = batch ? cell.place : filled - 1;
      if (place < filled && cells[place] === cell) return;
    }
    cell.place = filled;
    cells[filled] = cell;
    this.filled = filled + 1;
  }

  /** Moves what still counts to the front of the list, in order, and counts it. */
  private tidy(): number {
    const { cells } = this;
    let count = 0;
    for (let i = 0; i < this.filled; i++) {
      const cell = cells[i];
      cells[i] = undefined;
      if (cell?.place !== i) continue;
      cell.place = count;
      cells[count++] = cell;
    }
    return count;
  }

  /** Forgets all: what was put is undone. */
  clear(): void {
    this.cells.length = this.filled = 0;
  }

  /**
   * Empties the list, and passes what is in it on: of each put slot, value, bytes, origin and revision. `number` knows
   * the number of an agent, `renumber` that of the cell's value, 0 if it is still the one that the cell has. What could
   * not be passed on, because the stack was full, stays in the list.
   */
  tell(
    pass: (puts: Float64Array) => void,
    number: (agent: Agent) => number,
    renumber: (cell: Cell, value: Value) => number,
  ): void {
    const { cells } = this;
    const count = this.tidy();
    this.filled = count;
    let at = 0;
    let passed = 0;
    let agent: Agent | undefined;
    let origin = 0;
    for (let i = 0; i < count; i++) {
      const cell = cells[i] as Cell;
      if (cell.origin !== agent) origin = number((agent = cell.origin));
      puts[at] = cell.slot;
      puts[at + 1] = renumber(cell, cell.value as Value);
      puts[at + 2] = cell.size;
      puts[at + 3] = origin;
      puts[at + 4] = cell.revision;
      at += WIDTH;
      if (at < puts.length && i + 1 < count) continue;
      pass(puts.subarray(0, at));
      at = 0;
      for (; passed <= i; passed++) cells[passed] = undefined;
    }
    this.filled = 0;
  }
}
