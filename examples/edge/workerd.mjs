/**
 * Bundles a Worker as Cloudflare's tools do, and runs it in workerd, their runtime, on this machine and offline.
 *
 * What the Worker needs is read from wrangler.jsonc, so that it runs here as it would be deployed.
 */

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Miniflare } from "miniflare";

export const here = fileURLToPath(new URL(".", import.meta.url));

const config = JSON.parse(readFileSync(join(here, "wrangler.jsonc"), "utf8").replace(/^\s*\/\/.*$/gm, ""));

/** Bundles the scripts into one module, with the kernel as a module beside it; returns where it is. */
export async function bundle(entry = config.main, outdir = join(here, "dist")) {
  await build({
    entryPoints: { worker: join(here, entry) },
    outdir,
    bundle: true,
    format: "esm",
    target: "es2022",
    conditions: ["workerd", "worker"],
    external: ["cloudflare:workers"],
    loader: { ".wasm": "copy" },
    logLevel: "error",
  });
  return join(outdir, "worker.js");
}

/** Starts workerd with a bundled Worker. `users` are names by token; rooms are kept in the folder `persist`. */
export async function start(scriptPath, { users = {}, persist, port = 0 } = {}) {
  const bindings = config.durable_objects.bindings.map(({ name, class_name }) => [
    name,
    { className: class_name, useSQLite: true },
  ]);
  const workerd = new Miniflare({
    modules: true,
    modulesRoot: dirname(scriptPath),
    modulesRules: [{ type: "CompiledWasm", include: ["**/*.wasm"] }],
    scriptPath,
    compatibilityDate: config.compatibility_date,
    durableObjects: Object.fromEntries(bindings),
    durableObjectsPersist: persist ?? false,
    bindings: { USERS: JSON.stringify(users) },
    host: "127.0.0.1",
    port,
    cf: false, // no request properties from the network
  });
  await workerd.ready;
  return workerd;
}
