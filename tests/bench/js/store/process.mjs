/** One process of the bench: measures the case that its arguments name, and writes the results as JSON. */

import { cases } from "./cases.mjs";
import { measure } from "./measure.mjs";

const [table, name] = process.argv.slice(2);
const chosen = cases.find((one) => one.table === table && one.name === name);
const subjects = chosen.subjects();
process.stdout.write(JSON.stringify(await measure({ keys: chosen.keys, subjects }, chosen.rounds)));
