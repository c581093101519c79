/** The installed slim entry, started explicitly. */

import { readFileSync } from "node:fs";
import * as statehall from "statehall/slim";
import { exercise } from "./exercise.js";

statehall.initSync(readFileSync(new URL(import.meta.resolve("statehall/statehall.wasm"))));
console.log(JSON.stringify(exercise(statehall)));
