/** What a session is opened with, all defaults filled in. */

import type { Adapter, Agent, Clock, HallOptions, Limits } from "./contract.js";

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
