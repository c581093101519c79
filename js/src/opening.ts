/** What a session is opened with, all defaults filled in; and its kernel. */

import type { Adapter, Agent, Clock, HallOptions, Limits } from "./contract.js";
import { Core } from "./crossing.js";
import { readError } from "./error.js";

export interface Opening {
  readonly name: string;
  readonly agent: Agent;
  readonly adapters: readonly Adapter[];
  /** Whether it is shared as a browser's tabs are, which have a store in common. */
  readonly tabs: boolean;
  readonly durability: HallOptions["durability"];
  readonly clock: Clock;
  readonly seed: bigint;
  /** Randomness that is not repeatable. */
  readonly random: () => bigint;
  readonly limits: Partial<Limits>;
  readonly notify: boolean;
  /** Called when the session has ended. */
  readonly ended: () => void;
}

/** Opens the kernel of a session that goes on after a revision. */
export function openCore({ name, agent, adapters, limits, notify, clock }: Opening, seed: bigint, after: number): Core {
  const texts = [name, agent, ...Object.entries(limits).flat().map(String)];
  try {
    return new Core(texts, seed, notify, adapters.length > 0, after, clock.now(), clock.monotonic());
  } catch (error) {
    throw typeof error === "string" ? readError(error) : error;
  }
}
