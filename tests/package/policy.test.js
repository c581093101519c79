/** Pages with a strict Content-Security-Policy, and what a page is told whose policy is too strict. */

import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { after, before } from "node:test";
import * as esbuild from "esbuild";
import { inTabs, resultOf, serve, until } from "./pages.mjs";
import { expected, output, project } from "./project.mjs";

/** Nothing but scripts of this site, which may compile WebAssembly; no text may become a script. */
const strictest = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'";
const trusted = "require-trusted-types-for 'script'; trusted-types 'none'";
const folder = output("policy");

before(async () => {
  const pages = join(project, "pages");
  await esbuild.build({
    entryPoints: ["attempt", "slim", "worker"].map((name) => join(pages, `${name}.js`)),
    outdir: folder,
    alias: { "kernel-address": join(project, "addresses/esbuild.js") },
    loader: { ".wasm": "file" },
    bundle: true,
    format: "esm",
  });
  for (const name of ["attempt", "slim"]) cpSync(join(pages, `${name}.html`), join(folder, `${name}.html`));
});

const servers = [];
after(() => {
  for (const { stop } of servers) stop();
});

/** Serves the pages and the worker with a policy. */
async function serveWith(policy) {
  const server = await serve(folder, { "content-security-policy": policy });
  servers.push(server);
  return server.address;
}

inTabs("the strictest policy that works, with trusted types", async ({ open }) => {
  const address = await serveWith(`${strictest}; ${trusted}`);
  const tabs = [await open(`${address}/attempt.html`), await open(`${address}/attempt.html`)];
  for (const tab of tabs) {
    assert.equal(await resultOf(tab), true);
    // Under it tabs share as well.
    await until(tab, () => window.hall.sessions().length === 2);
    assert.deepEqual(await tab.evaluate(() => window.violations), []);
  }
});

// A worker is under the policy that its own script is served with.
inTabs("a worker needs the same, and a page that may start one", async ({ open }) => {
  const address = await serveWith(`${strictest}; worker-src 'self'`);
  const tab = await open(`${address}/attempt.html?worker`);
  await until(tab, () => window.fromWorker !== undefined);
  assert.equal(await tab.evaluate(() => window.fromWorker), "opened");
  await until(tab, () => window.hall.get("worker") === "was here");
  assert.deepEqual(await tab.evaluate(() => window.violations), []);
});

inTabs("slim may fetch its kernel from this site, besides", async ({ open }) => {
  const address = await serveWith(`${strictest}; connect-src 'self'; ${trusted}`);
  assert.deepEqual(await resultOf(await open(`${address}/slim.html`)), expected({ sameHallForAll: true }));
});

inTabs(
  "a policy that forbids WebAssembly: the import works, and opening a hall says why not",
  async ({ open, complaints }) => {
    const address = await serveWith(`default-src 'none'; script-src 'self'; worker-src 'self'`);
    const tab = await open(`${address}/attempt.html?worker`);
    const { code, detail, isOurs } = await resultOf(tab);
    assert.deepEqual([code, isOurs], ["unsupported", true]);
    assert.match(detail, /^WebAssembly was not allowed .*'wasm-unsafe-eval' in its script-src/);
    await until(tab, () => window.fromWorker !== undefined);
    assert.equal(await tab.evaluate(() => window.fromWorker), "unsupported");
    // Chromium reports it as well.
    const reported = complaints.splice(0);
    assert.ok(
      reported.every((complaint) => /WebAssembly|Content Security Policy/.test(complaint)),
      reported.join("\n"),
    );
  },
);
