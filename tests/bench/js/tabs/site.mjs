/** The web server of the tabs: the built package under /dist, the pages of site/, and the peers as one script. */

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const types = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };

/** In a page that is isolated so, the clock gives microseconds instead of tenths of milliseconds. */
const isolation = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

/** Starts the server on a free port; returns its address and how to stop it. */
export async function serve() {
  const peers = await bundle(new URL("site/peers.js", import.meta.url));
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    find(pathname, peers).then(
      (body) => response.writeHead(200, { "content-type": types[extname(pathname)], ...isolation }).end(body),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { address: `http://127.0.0.1:${server.address().port}`, stop: () => server.close() };
}

async function find(path, peers) {
  if (path === "/peers.js") return peers;
  const root = path.startsWith("/dist/") ? "../../../../js/" : "site/";
  return readFile(new URL(path.slice(1), new URL(root, import.meta.url)));
}

async function bundle(entry) {
  const options = { bundle: true, format: "esm", minify: true, write: false, logLevel: "error" };
  const { outputFiles } = await build({ entryPoints: [fileURLToPath(entry)], ...options });
  return outputFiles[0].contents;
}
