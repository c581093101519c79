/** Node, Deno and Bun run the packed package. */

import assert from "node:assert/strict";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import * as esbuild from "esbuild";
import { expected, folderOf, output, project, run, runNode, timeout, versionOf, versions } from "./project.mjs";

const programs = ["esm.mjs", "require.cjs", "slim.mjs"];
const deno = findRuntime("deno/deno", "@deno", "deno");
const bun = findRuntime("bun/bin/bun.exe", "@oven", "bin/bun");
const shared = { from: "ann", agents: ["bob", "ann"] };

const missing = "npm has installed no program for this platform";

/** The program of a runtime: in npm's package for this platform or, if npm runs the scripts of packages, in its own. */
function findRuntime(own, scope, path) {
  const modules = join(folderOf(own.split("/")[0]), "..");
  const platforms = existsSync(join(modules, scope)) ? readdirSync(join(modules, scope)) : [];
  const places = [...platforms.map((platform) => join(modules, scope, platform, path)), join(modules, own)];
  // A small one stands for what a script has not put there.
  return places.find((place) => existsSync(place) && statSync(place).size > 1_000_000);
}

for (const program of programs) {
  test(`Node runs ${program}`, { timeout }, async (t) => {
    versions(t, { node: process.versions.node });
    assert.deepEqual(JSON.parse(await runNode(program)), expected({ sameHallForAll: false }));
  });
}

test("Node shares a hall, and ends while it is open", { timeout }, async () => {
  assert.deepEqual(JSON.parse(await runNode("shared.mjs")), shared);
});

for (const [format, extension] of Object.entries({ esm: "mjs", cjs: "cjs" })) {
  test(`Node runs a server's bundle in the format ${format}`, { timeout }, async (t) => {
    versions(t, { esbuild: esbuild.version, node: process.versions.node });
    const outfile = join(output("server"), `bundle.${extension}`);
    const entryPoints = [join(project, "esm.mjs")];
    const { warnings } = await esbuild.build({ entryPoints, outfile, bundle: true, platform: "node", format });
    assert.deepEqual(warnings, []);
    // From elsewhere, so that nothing can be found beside it but what it brings.
    assert.deepEqual(
      JSON.parse(await run(process.execPath, [outfile], { cwd: "/" })),
      expected({ sameHallForAll: false }),
    );
  });
}

test("Deno runs it, without any permission", { timeout: 2 * timeout, skip: !deno && missing }, async (t) => {
  const env = { ...process.env, DENO_DIR: output("deno"), DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" };
  const runDeno = (...args) => run(deno, ["run", "--no-prompt", "--no-remote", ...args], { env });
  versions(t, { deno: versionOf("deno") });
  assert.deepEqual(JSON.parse(await runDeno("esm.mjs")), expected({ sameHallForAll: false }));
  assert.deepEqual(JSON.parse(await runDeno("shared.mjs")), shared);
  // A required module, and a kernel that the program itself brings, are files that it reads.
  for (const program of ["require.cjs", "slim.mjs"]) {
    const result = JSON.parse(await runDeno("--allow-read", program));
    assert.deepEqual(result, expected({ sameHallForAll: false }), program);
  }
});

test("Bun runs it", { timeout: 2 * timeout, skip: !bun && missing }, async (t) => {
  versions(t, { bun: versionOf("bun") });
  for (const program of programs) {
    assert.deepEqual(JSON.parse(await run(bun, [program])), expected({ sameHallForAll: false }), program);
  }
  assert.deepEqual(JSON.parse(await run(bun, ["shared.mjs"])), shared);
});
