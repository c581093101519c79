/** Opens a hall where that may be forbidden, here and, if asked, in a worker, and says what came of it. */

import { openHall, StatehallError } from "statehall";

window.violations = [];
addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
  window.violations.push(`${violatedDirective}: ${blockedURI}`);
});

if (location.search === "?worker") {
  const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
  worker.addEventListener("message", ({ data }) => {
    window.fromWorker = data;
  });
}

try {
  window.hall = openHall({ name: "policy", agent: "page" });
  window.result = window.hall.put("page", "was here").changed;
} catch (error) {
  const { code, detail } = error;
  window.result = { code, detail, isOurs: error instanceof StatehallError };
}
