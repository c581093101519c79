/** The address of the kernel, as Vite gives it. */

export { default as address } from "statehall/statehall.wasm?url";
