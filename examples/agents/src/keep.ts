/**
 * Keeps the room for a reload. A hall lives in the tabs that have it open, so the only tab takes it along when it goes.
 * What it keeps is small: the text, the pace, and where each reader was, its machine in the middle of a pause included.
 * The readers find the rest again.
 */
import type { Room } from "./hall.ts";

const KEPT = ["document/*", "control/pace", "agents/*/progress", "agents/*/kept"] as const;
const placeOf = (hall: Room): string => `reading-room/${hall.name}`;

/** To be called when the page goes. */
export function keepRoom(hall: Room): void {
  const entries = KEPT.flatMap((selector) => [...hall.toMap(selector)]);
  try {
    sessionStorage.setItem(placeOf(hall), JSON.stringify(entries));
  } catch {
    // Storage is full or forbidden: the page starts anew, as without it.
  }
}

/** Puts back what this tab has kept, unless others have the room. To be called when the hall is ready. */
export function resumeRoom(hall: Room): void {
  try {
    const kept = sessionStorage.getItem(placeOf(hall));
    sessionStorage.removeItem(placeOf(hall));
    if (kept === null || hall.keys("document/*").length > 0 || hall.sessions().some(({ self }) => !self)) return;
    hall.batch(() => {
      for (const [key, value] of JSON.parse(kept)) hall.put(key, value);
    });
  } catch {
    // What was kept by another version may not fit. A batch that fails has not happened.
  }
}
