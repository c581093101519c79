/** The types of the installed package, as the compiler of a CommonJS program sees them. */

import statehall = require("statehall");

const hall: statehall.Hall = statehall.openHall({ name: "trip" });
export const status: unknown = hall.get("agents/planner/status");
