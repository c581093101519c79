/** What a user downloads: bytes after gzip at its best, as servers send files. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const dist = new URL("../../../js/dist/", import.meta.url);

export const gzipped = (bytes) => gzipSync(bytes, { level: 9 }).length;

/** The kernel. */
export const wasmSize = () => gzipped(readFileSync(new URL("core_bg.wasm", dist)));

/** The main entry's own JavaScript, minified, without the kernel inside; and the bytes of each file in it, unzipped. */
export async function jsSize() {
  const { outputFiles, metafile } = await build({
    entryPoints: [fileURLToPath(new URL("entry/inline.js", dist))],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
    metafile: true,
    outdir: "out",
    logLevel: "error",
    plugins: [{ name: "without the kernel", setup: withoutKernel }],
  });
  const [output] = Object.values(metafile.outputs);
  const files = Object.entries(output.inputs).map(([path, { bytesInOutput }]) => ({ path, bytes: bytesInOutput }));
  return { gzipped: gzipped(outputFiles[0].contents), files: files.sort((a, b) => b.bytes - a.bytes) };
}

function withoutKernel({ onLoad }) {
  onLoad({ filter: /core_base64\.js$/ }, () => ({ contents: 'export const base64 = "";' }));
}

export async function sizeRows() {
  const row = (subject, bytes) => ({ table: "sizes", case: "gzipped", subject, unit: "B", median: bytes, min: bytes });
  const js = await jsSize();
  return [row("core_bg.wasm", wasmSize()), row("JavaScript", js.gzipped)];
}
