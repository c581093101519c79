/** The default entry in a page. */

import * as statehall from "statehall";
import { exercise } from "../exercise.js";

window.result = exercise(statehall);
