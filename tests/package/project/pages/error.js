/** A program that needs the error alone. */

import { StatehallError } from "statehall/slim";

window.result = new StatehallError("limit", "too long").message;
