/**
 * Finds an installed Chrome or Chromium and starts it, without anything that would reach for the network.
 *
 *     node chromium.mjs     prints the program's path, or says how to get one and fails
 */

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
const macPaths = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

/** The path of a browser: CHROME_PATH if set, else the first one installed. */
export function findChromium() {
  const chosen = process.env.CHROME_PATH;
  if (chosen) {
    if (isExecutable(chosen)) return chosen;
    throw new Error(`CHROME_PATH is ${chosen}, which is no program: point it at Chrome or Chromium, or unset it`);
  }
  const folders = (process.env.PATH ?? "").split(delimiter);
  const found = [...names.flatMap((name) => folders.map((folder) => join(folder, name))), ...macPaths].find(
    isExecutable,
  );
  if (found) return found;
  throw new Error(
    "no browser: install Chrome or Chromium (Debian: apt-get install chromium), or set CHROME_PATH to one",
  );
}

/** Starts it with playwright-core. The back-forward cache, which playwright turns off, stays on. */
export async function launchChromium(options = {}) {
  const { chromium } = await import("playwright-core");
  return chromium.launch(launching(options));
}

/** Starts it with a profile in this folder, which keeps what pages store; returns the profile's one context. */
export async function launchProfile(folder, options = {}) {
  const { chromium } = await import("playwright-core");
  return chromium.launchPersistentContext(folder, launching(options));
}

function launching(options) {
  return {
    executablePath: findChromium(),
    timeout: 30_000,
    ...options,
    ignoreDefaultArgs: ["--disable-back-forward-cache"],
    args: [
      "--no-sandbox", // which needs rights that containers do not have
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...(options.args ?? []),
    ],
  };
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    console.log(findChromium());
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
