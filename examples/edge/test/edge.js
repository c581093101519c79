/** Runs the example in workerd, and asks it as its users would. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { bundle, start } from "../workerd.mjs";

const USERS = { "token-of-ann-0001": "ann", "token-of-bob-0001": "bob" };
const folder = mkdtempSync(join(tmpdir(), "statehall-edge-"));
const running = new Set();

after(async () => {
  for (const edge of running) await edge.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A folder that goes with the test. */
export const temporary = (name) => mkdtempSync(join(folder, `${name}-`));

/** The example, running; or another Worker with the same bindings. */
export async function serve({ entry, persist, users = USERS } = {}) {
  const script = await bundle(entry, temporary("dist"));
  const began = performance.now();
  const workerd = await start(script, { persist, users });
  const { origin } = await workerd.ready;
  const edge = {
    origin,
    /** Milliseconds since workerd began to start. */
    age: () => performance.now() - began,
    /** Asks as ann, or as the user who is told. `json` is sent as JSON, `body` as it is. */
    async ask(
      method,
      path,
      { user = "ann", json, body = json === undefined ? undefined : JSON.stringify(json), headers } = {},
    ) {
      const authorization = user && { Authorization: `Bearer token-of-${user}-0001` };
      const init = { method, body, headers: { ...authorization, ...headers }, duplex: "half" };
      const response = await workerd.dispatchFetch(`${origin}${path}`, init);
      const text = await response.text();
      const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
      return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
    },
    /** Opens a socket; what it hears is in `heard`. */
    async listen(path, { user = "ann" } = {}) {
      const headers = { Upgrade: "websocket", Authorization: `Bearer token-of-${user}-0001` };
      const { webSocket, status } = await workerd.dispatchFetch(`${origin}${path}`, { headers });
      assert.equal(status, 101);
      const heard = [];
      webSocket.addEventListener("message", ({ data }) => heard.push(JSON.parse(data)));
      webSocket.accept();
      return { heard, socket: webSocket };
    },
    /** The watches of a room, without its own. */
    async watches(room) {
      const { body } = await edge.ask("GET", room);
      return body.watches.filter(({ owner }) => owner !== "storage").length;
    },
    async stop() {
      if (running.delete(edge)) await workerd.dispose();
    },
  };
  running.add(edge);
  return edge;
}

/** Waits until `look` returns what is expected; for what happens elsewhere and says nothing. */
export async function eventually(look, expected, milliseconds = 5_000) {
  const end = performance.now() + milliseconds;
  for (;;) {
    const found = await look();
    try {
      return assert.deepEqual(found, expected);
    } catch (error) {
      if (performance.now() > end) throw error;
      await sleep(20);
    }
  }
}
