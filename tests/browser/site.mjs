/** The web server of these tests: the built package under /dist, and the pages in site/ or another folder. */

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname } from "node:path";

const dist = new URL("../../js/dist/", import.meta.url);
const types = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };

/** Starts the server on a free port; returns its address and how to stop it. */
export async function serveSite(pages = new URL("site/", import.meta.url)) {
  const server = createServer(async ({ url }, response) => {
    const { pathname } = new URL(url, "http://localhost");
    const [, inDist] = /^\/dist\/(.+)/.exec(pathname) ?? [];
    try {
      const body = await readFile(inDist ? new URL(inDist, dist) : new URL(pathname.slice(1), pages));
      // A frame without an origin may load the scripts, too.
      const headers = { "content-type": types[extname(pathname)], "access-control-allow-origin": "*" };
      response.writeHead(200, headers).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { address: `http://127.0.0.1:${server.address().port}`, stop: () => server.close() };
}
