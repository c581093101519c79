/** Rendering on a server: every request has halls of its own, and a page takes over what its server has written. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as vite7 from "vite";
import * as vite8 from "vite8";
import { inTabs, resultOf, serve, until } from "./pages.mjs";
import { output, project, versions } from "./project.mjs";

const folder = join(project, "rendered");

/** Builds the program of the server, with the package inside or beside it, or the script of the page. */
async function build(vite, entry, { ssr, noExternal } = {}) {
  const outDir = output(`rendered-${vite.version}-${entry}-${Boolean(noExternal)}`);
  const input = join(folder, `${entry}.js`);
  const rollupOptions = { input, output: { entryFileNames: "[name].js" } };
  const settings = { outDir, rollupOptions, ssr, chunkSizeWarningLimit: 1_000 };
  await vite.build({ root: project, configFile: false, logLevel: "warn", ssr: { noExternal }, build: settings });
  return outDir;
}

const page = ({ html, state }) => `<!doctype html>
<title>Rendered on a server</title>
<div id="root" data-state="${state}">${html}</div>
<script type="module" src="./client.js"></script>`;

for (const vite of [vite7, vite8]) {
  for (const noExternal of [false, true]) {
    const where = noExternal ? "inside" : "beside";
    inTabs(`Vite ${vite.version} renders with the package ${where} the server's program`, async ({ t, open }) => {
      versions(t, { node: process.versions.node });
      const built = await build(vite, "server", { ssr: true, noExternal: noExternal ? true : undefined });
      const { render, keepsApart } = await import(pathToFileURL(join(built, "server.js")));
      assert.deepEqual(keepsApart(), { apart: true, sessions: 1 });

      // Two requests of two users: neither page holds anything of the other.
      const [ann, bob] = [render("ann"), render("bob")];
      assert.equal(ann.html, "<h1>ann</h1><p>2 entries</p>");
      assert.equal(bob.html, "<h1>bob</h1><p>2 entries</p>");
      assert.ok(!Buffer.from(bob.state, "base64").includes("ann"));

      const client = await build(vite, "client");
      const server = await serve(client, {}, (path) => (path === "/" ? page(ann) : undefined));
      try {
        const tab = await open(server.address);
        assert.deepEqual(await resultOf(tab), { written: ann.html, shown: ann.html });
        // From here on it is a hall as any other: what changes is shown, also in another tab.
        const other = await open(server.address);
        await until(other, () => window.hall?.sessions().length === 2);
        await tab.evaluate(() => hall.put("user", "Ann"));
        await until(other, () => document.querySelector("h1").textContent === "Ann");
      } finally {
        server.stop();
      }
    });
  }
}
