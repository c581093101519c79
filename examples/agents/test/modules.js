/** Loads the page's TypeScript modules into Node, through the bundler that builds the page. */
import { fileURLToPath } from "node:url";
import { createServer } from "vite";

export const root = fileURLToPath(new URL("..", import.meta.url));

/** Loads modules by their paths under `src/`, and returns them in the same order. */
export async function load(...paths) {
  const server = await createServer({
    root,
    configFile: false,
    appType: "custom",
    logLevel: "error",
    optimizeDeps: { noDiscovery: true },
    server: { middlewareMode: true, hmr: false, ws: false, watch: null },
  });
  try {
    const modules = [];
    for (const path of paths) modules.push(await server.ssrLoadModule(`/src/${path}`));
    return modules;
  } finally {
    await server.close();
  }
}
