/** No kernel inside: whoever imports this brings `statehall/statehall.wasm` and starts it before opening a hall. */

import start, { initSync as startSync } from "../core.js";
import { StatehallError } from "../error.js";
import { refusedToStart, startWith } from "../start.js";

/** Fetches (if given an address or a response), compiles and starts the kernel. Starting it again does nothing. */
export async function init(
  source: string | URL | Request | Response | Promise<Response> | BufferSource | WebAssembly.Module,
): Promise<void> {
  try {
    await start({ module_or_path: source });
  } catch (cause) {
    throw refusedToStart(cause);
  }
}

/** Starts the kernel from its bytes or its compiled module. Starting it again does nothing. */
export function initSync(module: BufferSource | WebAssembly.Module): void {
  try {
    startSync({ module });
  } catch (cause) {
    throw refusedToStart(cause);
  }
}

startWith(() => {
  const detail = "await init(...) or call initSync(...) of statehall/slim before opening a hall";
  throw new StatehallError("not-initialized", detail);
});

export * from "../index.js";
