/** How a watch of whatever kind is stopped. */

import type { Stop } from "../contract.js";

/** What ends something: callable, disposable and, as "unsubscribe", recognisable. */
export function stopper(stop: () => void): Stop {
  return Object.assign(() => stop(), { unsubscribe: stop, [Symbol.dispose]: stop });
}
