/** Rendering on a server: a hall of one request, and its whole state for the page. */

import { openHall } from "statehall";
import { view } from "./view.js";

export function render(user) {
  const hall = openHall({ name: "trip", agent: "server" });
  hall.put("user", user);
  hall.put(`seen/${user}`, new Uint8Array([1, 2, 3]));
  const html = view(hall);
  const state = Buffer.from(hall.snapshot()).toString("base64");
  hall.close();
  return { html, state };
}

/** Whether this program took itself for a page, and what two halls of one name know of one another. */
export function keepsApart() {
  const [first, second] = [openHall({ name: "trip" }), openHall({ name: "trip" })];
  first.put("user", "ann");
  return { apart: !second.has("user"), sessions: first.sessions().length };
}
