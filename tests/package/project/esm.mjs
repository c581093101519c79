/** The installed package, imported as an ES module. */

import * as statehall from "statehall";
import { exercise } from "./exercise.js";

console.log(JSON.stringify(exercise(statehall)));
