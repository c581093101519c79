/** A page without a bundler, and a page that has the package twice. */

import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import * as esbuild from "esbuild";
import { inTabs, resultOf, serve, until } from "./pages.mjs";
import { expected, output, project } from "./project.mjs";

inTabs("a plain page with an import map", async ({ open }) => {
  const { address, stop } = await serve(project);
  try {
    assert.deepEqual(await resultOf(await open(`${address}/pages/plain.html`)), expected({ sameHallForAll: true }));
  } finally {
    stop();
  }
});

inTabs("two copies in one page are two sessions, which share as two tabs do", async ({ open }) => {
  const folder = output("copies");
  const copy = join(project, "pages/copy.js");
  const entryPoints = { first: copy, second: copy };
  await esbuild.build({ entryPoints, outdir: folder, bundle: true, minify: true, format: "iife" });
  cpSync(join(project, "pages/copies.html"), join(folder, "copies.html"));
  const { address, stop } = await serve(folder);
  try {
    const tab = await open(`${address}/copies.html`);
    await tab.evaluate(() => {
      const [first, second] = window.copies;
      window.a = first.openHall({ name: "trip", agent: "first" });
      window.again = first.openHall({ name: "trip", agent: "first" });
      // Other options are no conflict: it is a session of its own.
      window.b = second.openHall({ name: "trip", agent: "second", limits: { entries: 10 } });
      window.a.put("city", "Porto");
      window.b.put("days", 3);
    });
    await until(tab, () => a.get("days") === 3 && b.get("city") === "Porto");
    assert.equal(await tab.evaluate(() => again.get("days")), 3);
    const sessions = (hall) =>
      hall
        .sessions()
        .map(({ agent }) => agent)
        .sort();
    for (const name of ["a", "b"]) {
      assert.deepEqual(await tab.evaluate(`(${sessions})(${name})`), ["first", "second"]);
    }

    // An error of one copy is none of the other's class, but says the same.
    const error = await tab.evaluate(() => {
      try {
        a.put("city", () => {});
      } catch (error) {
        return { code: error.code, name: error.name, is: copies.map((copy) => error instanceof copy.StatehallError) };
      }
    });
    assert.deepEqual(error, { code: "invalid-value", name: "StatehallError", is: [true, false] });

    // Closing all handles of one copy leaves the other alone.
    await tab.evaluate(() => {
      a.close();
      again.close();
      b.put("days", 4);
    });
    await until(tab, () => b.sessions().length === 1);
    assert.equal(await tab.evaluate(() => b.get("city")), "Porto");
  } finally {
    stop();
  }
});
