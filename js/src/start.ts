/**
 * The start of the kernel: an entry says how, and the first hall does it. So an import costs next to nothing and never
 * fails, and where WebAssembly is forbidden or missing, whoever opens a hall is told so.
 */

import { StatehallError } from "./error.js";

let starting: () => void;

/** Says how the kernel is started when a hall is opened. */
export function startWith(way: () => void): void {
  starting = way;
}

/** Starts the kernel for the first hall. */
export function start(): void {
  try {
    starting();
  } catch (cause) {
    throw refusedToStart(cause);
  }
}

/** The error for a kernel that did not start; what has nothing to do with WebAssembly stays as it is. */
export function refusedToStart(cause: unknown): unknown {
  if (typeof WebAssembly === "undefined") {
    const detail = "this platform has no WebAssembly, or has turned it off, as Safari does in Lockdown Mode";
    return new StatehallError("unsupported", detail, { cause });
  }
  // Each browser words it in its own way, some as this error and some as the other.
  if (!(cause instanceof WebAssembly.CompileError) && !(cause instanceof EvalError)) return cause;
  const detail =
    "WebAssembly was not allowed to compile the kernel: a Content-Security-Policy needs 'wasm-unsafe-eval' in its script-src, " +
    `a bundle for Cloudflare the condition "workerd", slim the right bytes (${cause.message})`;
  return new StatehallError("unsupported", detail, { cause });
}
