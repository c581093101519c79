/** Cloudflare's runtime: it compiles no bytes, only modules that were deployed with the Worker. */

import { initSync } from "../core.js";
import module from "../core_bg.wasm";

initSync({ module });

export * from "../index.js";
