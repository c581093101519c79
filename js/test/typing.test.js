/** The package's types, as strict programs see them: `typing/*.ts` must compile, mistakes included. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const folder = fileURLToPath(new URL("typing", import.meta.url));
const tsc = fileURLToPath(new URL("../node_modules/typescript/bin/tsc", import.meta.url));
const strict = [
  ...["--noEmit", "--ignoreConfig", "--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess"],
  ...["--skipLibCheck", "false", "--target", "es2022", "--types", ""],
];

for (const [name, options] of Object.entries({
  "nodenext, with the names of a browser": [
    "--module",
    "nodenext",
    "--lib",
    "es2022,dom,dom.asynciterable,esnext.disposable",
  ],
  "a bundler": ["--module", "preserve", "--moduleResolution", "bundler", "--lib", "es2022,dom,esnext.disposable"],
  "a library of 2022": ["--module", "nodenext", "--lib", "es2022,dom"],
})) {
  test(`the types infer and refuse what they should: ${name}`, { timeout: 60_000 }, async () => {
    const compile = promisify(execFile)(
      process.execPath,
      [tsc, ...strict, ...options, "schema.ts", "refused.ts", "machines.ts", "contexts.ts"],
      {
        cwd: folder,
      },
    );
    await compile.catch(({ stdout, stderr }) => assert.fail(stdout + stderr));
  });
}
