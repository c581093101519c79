/** The slim entry in a page, which fetches the kernel. Each bundler has its own way to give a file an address. */

import { address } from "kernel-address";
import * as statehall from "statehall/slim";
import { exercise } from "../exercise.js";

statehall.init(address).then(() => {
  window.result = exercise(statehall);
});
