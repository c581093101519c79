/**
 * The packed tarball, as a user gets it: installed in an empty project and run by everything that the package supports.
 * The programs are in project/. Nothing here reads the package's sources or needs the network.
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import * as esbuild from "esbuild";
import { Miniflare } from "miniflare";
import * as vite from "vite";
import { launchChromium } from "../browser/chromium.mjs";

const timeout = 60_000;
const js = fileURLToPath(new URL("../../js", import.meta.url));
const tsc = fileURLToPath(new URL("../node_modules/typescript/bin/tsc", import.meta.url));
const project = mkdtempSync(join(tmpdir(), "statehall-package-"));
const output = join(project, "output");
let packed;

/** What project/exercise.js returns; in a window, and only there, all who open a hall by one name are in one hall. */
const expected = ({ sameHallForAll }) => ({
  value: "done",
  keys: ["agents/a~1b/status", "agents/planner/status"],
  heard: [
    { key: "agents/planner/status", old: null, value: "thinking", origin: "planner" },
    { key: "agents/a~1b/status", old: null, value: { step: 1 }, origin: "planner" },
    { key: "agents/planner/status", old: "thinking", value: "done", origin: "planner" },
  ],
  refused: "invalid-value",
  sameHallForAll,
});

async function run(program, args, cwd = project) {
  const { stdout } = await promisify(execFile)(program, args, { cwd, timeout });
  return stdout;
}

before(
  async () => {
    cpSync(new URL("project", import.meta.url), project, { recursive: true });
    [packed] = JSON.parse(await run("npm", ["pack", "--json", "--silent", "--pack-destination", project], js));
    await run("npm", ["install", join(project, packed.filename), "--offline", "--no-audit", "--no-fund"]);
  },
  { timeout },
);

after(() => rmSync(project, { recursive: true, force: true }));

test("the tarball holds what exports names, a readme and both licences", () => {
  const { exports } = JSON.parse(readFileSync(join(project, "node_modules/statehall/package.json"), "utf8"));
  const named = Object.values(exports).flatMap((target) =>
    typeof target === "string" ? target : Object.values(target),
  );
  const files = packed.files.map(({ path }) => path);
  for (const path of named) assert.ok(files.includes(path.replace("./", "")), `${path} is exported but not packed`);
  for (const path of ["README.md", "LICENSE-MIT", "LICENSE-APACHE"]) assert.ok(files.includes(path), `no ${path}`);
});

test("the component is one, and the same that the hosts are tested with", async () => {
  const resolve = 'console.log(import.meta.resolve("statehall/statehall.component.wasm"))';
  const address = await run(process.execPath, ["--input-type=module", "--eval", resolve]);
  const component = readFileSync(new URL(address.trim()));
  // Modules have the version 1 and the layer 0 here.
  assert.deepEqual([...component.subarray(0, 8)], [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]);
  assert.ok(component.equals(readFileSync(join(js, "../target/component/statehall.component.wasm"))));
});

for (const program of ["esm.mjs", "require.cjs", "slim.mjs"]) {
  test(`Node runs ${program}`, { timeout }, async () => {
    const result = JSON.parse(await run(process.execPath, [program]));
    assert.deepEqual(result, expected({ sameHallForAll: false }));
  });
}

for (const options of [
  ["--module", "nodenext"],
  ["--module", "preserve", "--moduleResolution", "bundler"],
]) {
  test(`types resolve and check with ${options.join(" ")}`, { timeout }, async () => {
    const strict = ["--noEmit", "--strict", "--skipLibCheck", "false", "--target", "es2022", "--lib", "es2022,dom"];
    await run(process.execPath, [tsc, ...strict, ...options, "typed.ts"]).catch(({ stdout }) => assert.fail(stdout));
  });
}

test("workerd runs it, and keeps halls of one name apart", { timeout }, async () => {
  // Bundled as wrangler does it: scripts into one module, the kernel as a module beside it.
  await esbuild.build({
    entryPoints: [join(project, "worker.js")],
    bundle: true,
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
    loader: { ".wasm": "copy" },
    outdir: join(output, "worker"),
    logLevel: "error",
  });
  const workerd = new Miniflare({
    modules: true,
    modulesRoot: join(output, "worker"),
    modulesRules: [{ type: "CompiledWasm", include: ["**/*.wasm"] }],
    scriptPath: join(output, "worker/worker.js"),
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

test("Vite bundles it without a plugin, and Chromium runs the bundle", { timeout: 2 * timeout }, async (t) => {
  for (const page of ["default", "slim"]) {
    const outDir = join(output, page);
    const config = { root: project, configFile: false, logLevel: "error" };
    const build = { outDir, rollupOptions: { input: join(project, `${page}.html`) }, target: "es2022" };
    await vite.build({ ...config, build });
    const kernels = readdirSync(outDir, { recursive: true }).filter((path) => path.endsWith(".wasm"));
    assert.equal(kernels.length, page === "slim" ? 1 : 0, `${page} emitted ${kernels}`);

    await t.test(`the ${page} entry`, { timeout }, async () => {
      const server = await vite.preview({ ...config, build, preview: { port: 0, host: "127.0.0.1" } });
      const browser = await launchChromium();
      try {
        const tab = await browser.newPage();
        const failed = new Promise((_, reject) => tab.on("pageerror", reject));
        await tab.goto(`${server.resolvedUrls.local[0]}${page}.html`);
        await Promise.race([tab.waitForFunction("window.result", undefined, { timeout: 10_000 }), failed]);
        assert.deepEqual(await tab.evaluate("window.result"), expected({ sameHallForAll: true }));
      } finally {
        await browser.close();
        await server.close();
      }
    });
  }
});
