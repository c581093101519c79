/**
 * The life of a page, as far as a session follows it.
 *
 * A page that is put away keeps nothing open that would keep it from being restored: the session says goodbye and closes
 * its channels. A page that comes back, wakes up or becomes visible may have missed anything, so it asks.
 */

import type { Session } from "../session.js";

/** Follows the page's life; returns how to stop. Does nothing where there are no pages. */
export function follow(session: Session): () => void {
  if (typeof document === "undefined" || typeof addEventListener !== "function") return () => {};
  const events: [EventTarget, string, (event: Event) => void][] = [
    [globalThis as unknown as EventTarget, "pagehide", () => session.suspend()],
    [
      globalThis as unknown as EventTarget,
      "pageshow",
      (event) => (event as PageTransitionEvent).persisted && session.resume(),
    ],
    [document, "resume", () => session.resume()],
    [document, "visibilitychange", () => document.visibilityState === "visible" && session.resume()],
  ];
  for (const [target, name, listener] of events) target.addEventListener(name, listener);
  return () => {
    for (const [target, name, listener] of events) target.removeEventListener(name, listener);
  };
}
