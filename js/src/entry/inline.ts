/**
 * Everything but Cloudflare's runtime: the kernel travels inside the script, so that no bundler needs to know about
 * WebAssembly, no server has to find a file and no runtime to allow its reading.
 */

import { instantiate } from "../core.js";
import { base64 } from "../core_base64.js";
import { startWith } from "../start.js";

startWith(() => {
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  instantiate(new WebAssembly.Module(bytes));
});

export * from "../index.js";
