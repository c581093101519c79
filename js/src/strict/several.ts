/** Leases of several names at once: all of them, or none. */

import { checkOptions } from "../check.js";
import type { AcquireOptions, Context, Key, Lease, Leases, NotAcquired } from "../contract.js";
import { StatehallError } from "../error.js";
import { acquireOptions } from "./context.js";

/**
 * Takes them one after another in the order of their names, whatever order they are given in, so that owners who ask in
 * this way never wait for one another in a circle.
 */
export async function acquireAll(
  keys: readonly Key[],
  options: AcquireOptions,
  contextOf: (key: Key) => Context,
  now: () => number,
): Promise<Leases | NotAcquired> {
  checkOptions(options, acquireOptions);
  if (!Array.isArray(keys) || keys.length === 0) {
    throw new StatehallError("invalid-argument", "the keys are a list of one or more");
  }
  const contexts = new Map(keys.map((key) => contextOf(key)).map((context) => [context.id, context]));
  const until = options.timeout === undefined ? undefined : now() + options.timeout;
  const leases: Lease[] = [];
  let complete = false;
  try {
    for (const id of [...contexts.keys()].sort()) {
      const left = until === undefined ? undefined : until - now();
      // What is free may still be taken when the time is over.
      const over = left !== undefined && left <= 0;
      const asked = over ? { ...options, wait: false, timeout: undefined } : { ...options, timeout: left };
      const lease: Lease | NotAcquired = await (contexts.get(id) as Context).acquire(asked);
      if (!lease.acquired) return over ? { ...lease, reason: "timeout" } : lease;
      leases.push(lease);
    }
    options.signal?.throwIfAborted();
    complete = true;
    return together(leases);
  } finally {
    if (!complete) await release(leases);
  }
}

function together(leases: readonly Lease[]): Leases {
  return {
    acquired: true,
    leases,
    release: () => release(leases),
    async [Symbol.asyncDispose]() {
      await release(leases);
    },
  };
}

/** Gives all back, the last one first; true if all were held. One that cannot be given back keeps none of the others. */
async function release(leases: readonly Lease[]): Promise<boolean> {
  const released = await Promise.allSettled([...leases].reverse().map((lease) => lease.release()));
  for (const result of released) if (result.status === "rejected") throw result.reason;
  return released.every((result) => result.status === "fulfilled" && result.value);
}
