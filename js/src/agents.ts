/**
 * Agents by number. The kernel is told a name once and then takes its number, which is cheaper; a number is given to the
 * next agent when nobody acts under the name any more, so a server with an agent for each request does not grow.
 */

import type { Agent } from "./contract.js";

export class Agents {
  readonly #known = new Map<Agent, { readonly number: number; holders: number }>();
  readonly #free: number[] = [];

  /** The number of an agent, until it is released as often as it was held. `tell` is called for a new one. */
  hold(agent: Agent, tell: (number: number, agent: Agent) => void): number {
    const found = this.#known.get(agent);
    if (found) {
      found.holders++;
      return found.number;
    }
    // Without free numbers, all below the size are taken.
    const number = this.#free.at(-1) ?? this.#known.size;
    tell(number, agent);
    this.#free.pop();
    this.#known.set(agent, { number, holders: 1 });
    return number;
  }

  /** The number of an agent who is held. */
  number(agent: Agent): number {
    return this.#known.get(agent)?.number ?? 0;
  }

  /** Lets go of an agent; `forget` is called for one whom nobody holds any more. */
  release(agent: Agent, forget: (number: number) => void): void {
    const found = this.#known.get(agent);
    if (!found || --found.holders > 0) return;
    this.#known.delete(agent);
    this.#free.push(found.number);
    forget(found.number);
  }

  /** Tells a new kernel of all of them. */
  retell(tell: (number: number, agent: Agent) => void): void {
    for (const [agent, { number }] of this.#known) tell(number, agent);
  }
}
