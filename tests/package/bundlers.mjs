/** The bundlers, each as its users call it: without a plugin or a setting for statehall, in its way for production. */

import { cpSync } from "node:fs";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import * as esbuild from "esbuild";
import * as vite7 from "vite";
import * as vite8 from "vite8";
import webpack from "webpack";
import { output, project } from "./project.mjs";

const page = (name) => join(project, "pages", name);

/** A page's script bundled beside its HTML; `address` is the module that knows where the kernel is. */
const alias = (name) => ({ "kernel-address": join(project, "addresses", name) });

function withVite(vite) {
  return async (name, outDir) => {
    const warnings = [];
    const warn = (message) => warnings.push(message);
    const customLogger = { ...vite.createLogger("silent"), warn, warnOnce: warn };
    await vite.build({
      root: project,
      configFile: false,
      logLevel: "warn",
      customLogger,
      resolve: { alias: alias("vite.js") },
      build: { outDir, rollupOptions: { input: page(`${name}.html`) } },
    });
    cpSync(join(outDir, "pages"), outDir, { recursive: true });
    return warnings;
  };
}

async function withWebpack(name, path) {
  const compiler = webpack({
    mode: "production",
    context: project,
    entry: page(`${name}.js`),
    output: { path, filename: `${name}.js` },
    resolve: { alias: alias("webpack.js") },
  });
  const stats = await promisify(compiler.run.bind(compiler))();
  await promisify(compiler.close.bind(compiler))();
  const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join("\n"));
  cpSync(page(`${name}.html`), join(path, `${name}.html`));
  return warnings.map(({ message }) => message);
}

async function withEsbuild(name, outdir) {
  const entryPoints = [page(`${name}.js`)];
  const settings = { bundle: true, minify: true, format: "esm", loader: { ".wasm": "file" }, logLevel: "silent" };
  const { warnings } = await esbuild.build({ entryPoints, outdir, alias: alias("esbuild.js"), ...settings });
  cpSync(page(`${name}.html`), join(outdir, `${name}.html`));
  return warnings.map(({ text }) => text);
}

/** Bundles pages/<name>.html with its script into a folder, and returns the warnings. */
export const bundlers = [
  { bundler: "Vite", version: vite7.version, bundle: withVite(vite7) },
  { bundler: "Vite", version: vite8.version, bundle: withVite(vite8) },
  { bundler: "webpack", version: webpack.version, bundle: withWebpack },
  { bundler: "esbuild", version: esbuild.version, bundle: withEsbuild },
].map((entry) => ({
  ...entry,
  async bundle(name) {
    const folder = output(`${entry.bundler}-${entry.version}-${basename(name)}`);
    const warnings = await entry.bundle(name, folder);
    return { folder, warnings };
  },
}));
