/** The types of the packed package, as users' compilers see them. */

import { join } from "node:path";
import { test } from "node:test";
import { folderOf, run, timeout, versionOf, versions } from "./project.mjs";

const tsc = join(folderOf("typescript"), "bin/tsc");
const strict = ["--noEmit", "--strict", "--skipLibCheck", "false", "--target", "es2022", "--lib", "es2022,dom"];

for (const { options, program } of [
  { program: "typed.ts", options: ["--module", "nodenext"] },
  { program: "typed.ts", options: ["--module", "preserve", "--moduleResolution", "bundler"] },
  { program: "required.cts", options: ["--module", "nodenext"] },
]) {
  test(`TypeScript checks ${program} with ${options.join(" ")}`, { timeout }, async (t) => {
    versions(t, { typescript: versionOf("typescript") });
    await run(process.execPath, [tsc, ...strict, ...options, program]);
  });
}
