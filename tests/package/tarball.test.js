/** The packed tarball itself: what is in it, and what the judges of npm packages say. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { folderOf, js, packed, project, run, runNode, tarball, timeout, versionOf, versions } from "./project.mjs";

const manifest = JSON.parse(readFileSync(join(project, "node_modules/statehall/package.json"), "utf8"));
const files = packed.files.map(({ path }) => path);

test("the tarball holds what exports names, a readme and both licences", () => {
  const named = Object.values(manifest.exports).flatMap((target) =>
    typeof target === "string" ? target : Object.values(target),
  );
  for (const path of [...named, ...manifest.sideEffects]) {
    assert.ok(files.includes(path.replace("./", "")), `${path} is named but not packed`);
  }
  for (const path of ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"]) {
    assert.ok(files.includes(path), `no ${path}`);
  }
});

test("the tarball holds nothing else", () => {
  const known = /^(dist\/[\w/]+(\.component)?\.(js|d\.ts|wasm)|package\.json|README\.md|CHANGELOG\.md|LICENSE-\w+)$/;
  assert.deepEqual(
    files.filter((path) => !known.test(path)),
    [],
  );
});

test("the component is one, and the same that the hosts are tested with", async () => {
  const resolve = 'console.log(import.meta.resolve("statehall/statehall.component.wasm"))';
  const address = await runNode("--input-type=module", "--eval", resolve);
  const component = readFileSync(new URL(address.trim()));
  // Modules have the version 1 and the layer 0 here.
  assert.deepEqual([...component.subarray(0, 8)], [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]);
  assert.ok(component.equals(readFileSync(join(js, "../target/component/statehall.component.wasm"))));
});

test("publint has nothing to say", { timeout }, async (t) => {
  versions(t, { publint: versionOf("publint") });
  const bytes = readFileSync(tarball);
  const { messages } = await publint({
    pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) },
  });
  assert.deepEqual(
    messages.map((message) => formatMessage(message, manifest)),
    [],
  );
});

// The package is made of ES modules only, which Node's own `require` loads as well; this judge believes that it does not,
// so it is asked about ES modules, and typing.test.js asks TypeScript about `require`. The kernels are files, not modules.
test("are-the-types-wrong finds nothing wrong", { timeout }, async (t) => {
  versions(t, { "are-the-types-wrong": versionOf("@arethetypeswrong/cli") });
  const attw = join(folderOf("@arethetypeswrong/cli"), "dist/index.js");
  const but = ["--exclude-entrypoints", "statehall.wasm", "statehall.component.wasm"];
  // It fails if it finds anything.
  const printed = await run(process.execPath, [attw, tarball, "--profile", "esm-only", "--format", "json", ...but]);
  assert.deepEqual(Object.keys(JSON.parse(printed).analysis.entrypoints), [
    ".",
    "./slim",
    "./variables",
    "./table",
    "./package.json",
  ]);
});
