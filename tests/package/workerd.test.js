/** workerd, the runtime of Cloudflare Workers, runs the packed package, and keeps halls of one name apart. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import * as esbuild from "esbuild";
import { Miniflare } from "miniflare";
import { expected, output, project, timeout, versionOf, versions } from "./project.mjs";

test("workerd runs it, and keeps halls of one name apart", { timeout }, async (t) => {
  versions(t, { workerd: versionOf("workerd"), miniflare: versionOf("miniflare"), esbuild: esbuild.version });
  // Bundled as wrangler does it: scripts into one module, the kernel as a module beside it.
  const { warnings } = await esbuild.build({
    entryPoints: [join(project, "worker.js")],
    bundle: true,
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
    loader: { ".wasm": "copy" },
    outdir: output("worker"),
  });
  assert.deepEqual(warnings, []);
  const workerd = new Miniflare({
    modules: true,
    modulesRoot: output("worker"),
    modulesRules: [{ type: "CompiledWasm", include: ["**/*.wasm"] }],
    scriptPath: join(output("worker"), "worker.js"),
    compatibilityDate: "2025-05-05",
    cf: false, // no request properties from the network
  });
  try {
    const response = await workerd.dispatchFetch("http://localhost/");
    assert.deepEqual(await response.json(), expected({ sameHallForAll: false }));
  } finally {
    await workerd.dispose();
  }
});

test("a Worker that was bundled for something else is told so", { timeout }, async () => {
  const { outputFiles } = await esbuild.build({
    stdin: {
      contents: `
        import { openHall } from "statehall";
        const opened = () => { try { openHall(); } catch ({ code, detail }) { return { code, detail }; } };
        export default { fetch: () => Response.json(opened()) };`,
      resolveDir: project,
    },
    bundle: true,
    format: "esm",
    write: false,
  });
  const workerd = new Miniflare({
    modules: true,
    script: outputFiles[0].text,
    compatibilityDate: "2025-05-05",
    cf: false,
  });
  try {
    const { code, detail } = await (await workerd.dispatchFetch("http://localhost/")).json();
    assert.equal(code, "unsupported");
    assert.match(detail, /condition "workerd"/);
  } finally {
    await workerd.dispose();
  }
});
