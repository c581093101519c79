/** One of several copies of the package in one page: each script that is bundled by itself has its own. */

import { openHall, StatehallError } from "statehall";

window.copies ??= [];
window.copies.push({ openHall, StatehallError });
