/** A worker's part of the page "attempt". */

import { openHall } from "statehall";

try {
  openHall({ name: "policy", agent: "worker" }).put("worker", "was here");
  postMessage("opened");
} catch ({ code }) {
  postMessage(code);
}
