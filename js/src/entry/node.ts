/** Node, Deno and Bun: the kernel is read from the file beside the glue. */

import { readFileSync } from "node:fs";
import { initSync } from "../core.js";

initSync({ module: readFileSync(new URL("../core_bg.wasm", import.meta.url)) });

export * from "../index.js";
