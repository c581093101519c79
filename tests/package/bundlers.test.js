/** Every bundler takes the packed package without a plugin, and Chromium runs what it makes. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { bundlers } from "./bundlers.mjs";
import { inTabs, resultOf, serve } from "./pages.mjs";
import { expected, project } from "./project.mjs";

const dist = join(project, "node_modules/statehall/dist");
const kernel = readFileSync(join(dist, "core_bg.wasm"));
/** How the kernel begins as text; nothing else in a bundle does. */
const beginning = kernel.subarray(0, 12).toString("base64");
/** What the package's own scripts weigh without the kernel, and before a bundler makes them smaller. */
const rest = readdirSync(dist, { recursive: true })
  .filter((path) => path.endsWith(".js") && path !== "core_base64.js")
  .reduce((sum, path) => sum + statSync(join(dist, path)).size, 0);

/** What each page's bundle holds: the kernel as files and as text, and how many bytes its scripts may have at most. */
const pages = {
  default: { asFile: [], asText: 1, most: rest + Math.ceil(kernel.length / 3) * 4 },
  slim: { asFile: [kernel.length], asText: 0, most: rest },
  error: { asFile: [], asText: 0, most: 2_000 },
};

const results = {
  default: expected({ sameHallForAll: true }),
  slim: expected({ sameHallForAll: true }),
  error: "limit: too long",
};

/** What a bundler has made: the kernel as files and as text, and the bytes of the scripts. */
function inspect(folder) {
  const files = readdirSync(folder, { recursive: true }).map((path) => join(folder, path));
  const scripts = files.filter((path) => path.endsWith(".js")).map((path) => readFileSync(path, "latin1"));
  return {
    asFile: files.filter((path) => path.endsWith(".wasm")).map((path) => statSync(path).size),
    asText: scripts.reduce((count, script) => count + script.split(beginning).length - 1, 0),
    bytes: scripts.reduce((sum, script) => sum + script.length, 0),
  };
}

/** A bundler's note that something is large, which the kernel makes it; nothing else may be warned of. */
const isAboutSize = (warning) => /chunks are larger than|size limit|performance recommendations/.test(warning);

for (const { bundler, version, bundle } of bundlers) {
  for (const [name, { most, ...kernels }] of Object.entries(pages)) {
    inTabs(`${bundler} ${version} bundles the page "${name}"`, async ({ t, open }) => {
      const { folder, warnings } = await bundle(name);
      const { bytes, ...found } = inspect(folder);
      t.diagnostic(`${bytes} bytes of scripts`);
      assert.deepEqual(found, kernels);
      assert.ok(bytes <= most, `${bytes} bytes of scripts, ${most} are the most`);
      assert.deepEqual(
        warnings.filter((warning) => !isAboutSize(warning)),
        [],
      );
      const { address, stop } = await serve(folder);
      try {
        assert.deepEqual(await resultOf(await open(`${address}/${name}.html`)), results[name]);
      } finally {
        stop();
      }
    });
  }
}
