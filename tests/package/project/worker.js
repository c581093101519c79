/** The installed package in a Cloudflare-style Worker. */

import * as statehall from "statehall";
import { exercise } from "./exercise.js";

export default {
  fetch: () => Response.json(exercise(statehall)),
};
