/** A page under development: it loads the module that is edited, and may have a hall of its own. */

import { openHall } from "statehall";

window.heard = [];
if (location.search === "?watching") window.hall = openHall({ name: "hot", agent: "page" });

import("./edited.js");
