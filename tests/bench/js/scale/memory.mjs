/** What is held in memory after a full collection: JavaScript's own, and the kernel's. Needs `--expose-gc`. */

import { initSync } from "../../../../js/dist/core.js";

/** Bytes that are held. The kernel's memory is what it has asked for, and it gives nothing back. */
export function held() {
  for (let i = 0; i < 3; i++) globalThis.gc();
  // Started before, so this starts nothing and only gives what the instance exports.
  const { memory } = initSync({});
  return { js: process.memoryUsage().heapUsed, kernel: memory.buffer.byteLength };
}

/** Bytes for each of so many things, between two readings. */
export function each(before, after, count) {
  return (after.js - before.js + after.kernel - before.kernel) / count;
}
