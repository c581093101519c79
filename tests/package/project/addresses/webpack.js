/** The address of the kernel, as webpack gives it. */

export const address = new URL("statehall/statehall.wasm", import.meta.url);
