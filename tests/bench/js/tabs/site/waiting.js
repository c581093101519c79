/** Ways of waiting. */

/** A promise, and how to resolve it. */
export function later() {
  let resolve;
  const promise = new Promise((resolved) => {
    resolve = resolved;
  });
  return { promise, resolve };
}

/** Lets everything else have its turn. A timer would be held back for some milliseconds. */
export function turn() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until a condition holds, or for so long; returns whether it holds. */
export async function until(condition, ms) {
  const end = performance.now() + ms;
  while (!condition()) {
    if (performance.now() > end) return false;
    await pause(1);
  }
  return true;
}
