/** Writing what the mirror held to a kernel that was built anew. */

import type { Agents } from "../agents.js";
import type { Limits, Value } from "../contract.js";
import type { Core } from "../crossing.js";
import { admit, admitMetadata } from "../value.js";
import type { Cell, Mirror } from "./mirror.js";

interface Host {
  readonly core: Core;
  readonly mirror: Mirror;
  readonly limits: Limits;
}

/**
 * Writes all cells of the old mirror. What others were told, up to a revision, comes first and as old as can be, so that
 * whatever they know better stays.
 */
export function rewriteAll(
  host: Host,
  agents: Agents,
  owners: ReadonlyMap<string, string>,
  cells: readonly Cell[],
  told: number,
  now: number,
): void {
  for (const cell of cells) if (cell.revision <= told) rewrite(host, agents, owners, cell, 1);
  for (const cell of cells) if (cell.revision > told) rewrite(host, agents, owners, cell, now);
}

/** Writes a cell of the old mirror to the kernel as if it were `now`, and to the mirror as it is from now on. */
function rewrite(
  { core, mirror, limits }: Host,
  agents: Agents,
  owners: ReadonlyMap<string, string>,
  { key, value, metadata, origin, expires }: Cell,
  now: number,
): void {
  const { size } = admit(value, undefined, limits);
  const facts = metadata && admitMetadata(metadata, undefined, limits);
  const ttl = expires === undefined ? -1 : Math.max(1, expires - now);
  const refs = [mirror.hold(value as Value), facts ? mirror.hold(facts.value) : 0] as const;
  const agent = agents.hold(origin, (number) => core.name_agent(origin, number));
  const owner = owners.get(key);
  const named = owner === undefined ? key : [key, owner];
  const written = core.write(named, refs[0], size, refs[1], facts?.size ?? 0, agent, -1, ttl, false, now);
  agents.release(origin, (number) => core.forget_agent(number));
  // From now on the kernel names this key by its slot.
  mirror.at(written[0] as number, key);
}
