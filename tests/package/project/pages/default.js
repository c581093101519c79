/** The default entry in a page. */

import { openHall, StatehallError } from "statehall";
import { exercise } from "../exercise.js";

// By name, so that a bundler may leave out whatever it believes to be of no effect.
window.result = exercise({ openHall, StatehallError });
