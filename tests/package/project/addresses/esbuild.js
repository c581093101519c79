/** The address of the kernel, as esbuild gives it with the loader "file" for ".wasm". */

export { default as address } from "statehall/statehall.wasm";
