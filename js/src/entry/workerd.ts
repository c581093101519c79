/**
 * Cloudflare's runtime: it compiles no bytes, only modules that were deployed with the Worker. The kernel starts with the
 * Worker, which no request waits for.
 */

import { instantiate } from "../core.js";
import module from "../core_bg.wasm";

instantiate(module);

export * from "../index.js";
