/**
 * Cloudflare's runtime: it compiles no bytes, only modules that were deployed with the Worker. The kernel starts with the
 * Worker, which no request waits for.
 */

import { initSync } from "../core.js";
import module from "../core_bg.wasm";

initSync({ module });

export * from "../index.js";
