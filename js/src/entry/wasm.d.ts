/** What importing a `.wasm` file gives in Cloudflare's runtime. */

declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
