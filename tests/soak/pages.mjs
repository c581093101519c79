/** Chromium: the workers of the soak are dedicated workers of two tabs. */

import { readFileSync } from "node:fs";
import { launchChromium } from "../browser/chromium.mjs";
import { serveSite } from "../browser/site.mjs";
import { Line } from "./line.mjs";

export async function startPages() {
  const site = await serveSite(new URL("./", import.meta.url));
  const browser = await launchChromium({ args: ["--js-flags=--expose-gc"] });
  const devtools = await browser.newBrowserCDPSession();
  const context = await browser.newContext();
  const lines = new Map();
  await context.exposeFunction("heard", (life, message) => lines.get(life)?.hear(message));
  const pages = [await openPage(context, site), await openPage(context, site)];
  let lives = 0;
  return {
    name: "Chromium",
    start: async (agent) => {
      const life = ++lives;
      const page = pages[life % pages.length];
      const address = `/worker.js?agent=${agent}&life=${life}`;
      const line = new Line((message) =>
        page.evaluate(([life, message]) => workers.get(life)?.postMessage(message), [life, message]),
      );
      lines.set(life, line);
      await page.evaluate(startWorker, { life, address });
      await line.open;
      return {
        ask: (deed, argument) => line.ask(deed, argument),
        measure: async () => ({ ...(await line.ask("measure")), heap: await heapOf(devtools, site.address + address) }),
        kill: async () => {
          line.cut();
          lines.delete(life);
          await page.evaluate((life) => {
            workers.get(life).terminate();
            workers.delete(life);
          }, life);
        },
      };
    },
    resident: () => residentOf(devtools),
    stop: async () => {
      await browser.close();
      site.stop();
    },
  };
}

async function openPage(context, site) {
  const page = await context.newPage();
  await page.goto(`${site.address}/page.html`);
  await page.evaluate(() => {
    globalThis.workers = new Map();
  });
  return page;
}

/** Starts a worker; runs in the tab. */
function startWorker({ life, address }) {
  const worker = new Worker(address, { type: "module" });
  workers.set(life, worker);
  worker.onmessage = ({ data }) => heard(life, data);
  worker.onerror = ({ message }) => heard(life, { id: 0, error: message });
}

/** The bytes of the JavaScript heap of the worker at an address. */
async function heapOf(devtools, address) {
  const { targetInfos } = await devtools.send("Target.getTargets", { filter: [{ type: "worker" }] });
  const target = targetInfos.find(({ url }) => url === address);
  const { sessionId } = await devtools.send("Target.attachToTarget", { targetId: target.targetId, flatten: false });
  const answer = new Promise((resolve) => {
    const listen = (event) => {
      const { id, result } = JSON.parse(event.message);
      if (event.sessionId !== sessionId || id !== 1) return;
      devtools.off("Target.receivedMessageFromTarget", listen);
      resolve(result);
    };
    devtools.on("Target.receivedMessageFromTarget", listen);
  });
  await devtools.send("Target.sendMessageToTarget", {
    sessionId,
    message: JSON.stringify({ id: 1, method: "Runtime.getHeapUsage" }),
  });
  const { usedSize } = await answer;
  await devtools.send("Target.detachFromTarget", { sessionId });
  return usedSize;
}

/** The bytes of memory that the processes of the tabs have; nothing where the system does not tell. */
async function residentOf(devtools) {
  const { processInfo } = await devtools.send("SystemInfo.getProcessInfo");
  try {
    const tabs = processInfo.filter(({ type }) => type === "renderer");
    return tabs.reduce((sum, { id }) => {
      const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, "utf8"));
      return sum + Number(kilobytes) * 1024;
    }, 0);
  } catch {
    return undefined;
  }
}
