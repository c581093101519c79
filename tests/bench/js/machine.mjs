/** What the figures were measured on, and with which versions. */

import { readFileSync } from "node:fs";
import { arch, cpus, platform, totalmem } from "node:os";

const read = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));

export function machine() {
  const [{ model }] = cpus();
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  return { cpu: model.trim(), cores: cpus().length, memory, os: `${platform()} ${arch()}` };
}

/** Of the package, of what it is measured beside, and of what runs them. */
export function versions({ chromium, rust, ...others } = {}) {
  const { version } = read("../../../js/package.json");
  const { devDependencies } = read("../package.json");
  return { statehall: version, ...devDependencies, ...others, node: process.versions.node, chromium, rust };
}
