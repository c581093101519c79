/** Nonsense on every route: each is refused with a status, a code and a word of why, and the room goes on. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { serve } from "./edge.js";

const timeout = 60_000;
let edge;
before(async () => {
  edge = await serve();
});
after(() => edge.stop());

/** Refusals: method, path, what is sent, and the status and code of the answer. */
const refusals = [
  ["GET", "/nothing", {}, 404, "no-route"],
  ["GET", "/rooms", {}, 404, "no-route"],
  ["GET", "/council/more", {}, 404, "no-route"],
  ["PUT", "/", { body: "x" }, 405, "wrong-method"],
  ["GET", "/council", {}, 405, "wrong-method"],
  ["POST", "/rooms/trip", { body: "x" }, 405, "wrong-method"],
  ["POST", "/rooms/trip/entries", { body: "x" }, 405, "wrong-method"],
  ["PATCH", "/rooms/trip/entries/a", { body: "1" }, 405, "wrong-method"],
  ["POST", "/rooms/trip/watch", { body: "1" }, 405, "wrong-method"],
  ["GET", "/rooms/trip/", {}, 404, "no-route"],
  ["GET", "/rooms/trip/other", {}, 404, "no-route"],
  ["GET", "/rooms/trip/watch/more", {}, 404, "no-route"],
  // Rooms
  ["GET", "/rooms//entries", {}, 400, "invalid-room"],
  ["GET", "/rooms/a%2Fb", {}, 400, "invalid-room"],
  ["GET", "/rooms/a.b", {}, 400, "invalid-room"],
  ["GET", `/rooms/${"r".repeat(65)}`, {}, 400, "invalid-room"],
  // Keys
  ["GET", "/rooms/trip/entries/", {}, 400, "invalid-key"],
  ["PUT", "/rooms/trip/entries/a//b", { body: "1" }, 400, "invalid-key"],
  ["PUT", "/rooms/trip/entries/*", { body: "1" }, 400, "invalid-key"],
  ["PUT", "/rooms/trip/entries/a/**", { body: "1" }, 400, "invalid-key"],
  ["PUT", "/rooms/trip/entries/%FF", { body: "1" }, 400, "invalid-key"],
  ["PUT", "/rooms/trip/entries/%", { body: "1" }, 400, "invalid-key"],
  ["PUT", `/rooms/trip/entries/${"k".repeat(1_025)}`, { body: "1" }, 413, "limit"],
  ["PUT", `/rooms/trip/entries/${"k/".repeat(40)}k`, { body: "1" }, 413, "limit"],
  // Values
  ["PUT", "/rooms/trip/entries/a", {}, 400, "invalid-json"],
  ["PUT", "/rooms/trip/entries/a", { body: "" }, 400, "invalid-json"],
  ["PUT", "/rooms/trip/entries/a", { body: "{" }, 400, "invalid-json"],
  ["PUT", "/rooms/trip/entries/a", { body: "undefined" }, 400, "invalid-json"],
  ["PUT", "/rooms/trip/entries/a", { body: "NaN" }, 400, "invalid-json"],
  ["PUT", "/rooms/trip/entries/a", { body: Uint8Array.of(0x22, 0xff, 0x22) }, 400, "invalid-text"],
  ["PUT", "/rooms/trip/entries/a", { body: Uint8Array.of(0x22, 0xe2, 0x82) }, 400, "invalid-text"],
  ["PUT", "/rooms/trip/entries/a", { body: '"\\ud800"' }, 400, "invalid-value"],
  ["PUT", "/rooms/trip/entries/a", { body: "[".repeat(65) + "]".repeat(65) }, 413, "limit"],
  ["PUT", "/rooms/trip/entries/a", { body: "[".repeat(130_000) + "]".repeat(130_000) }, 413, "limit"],
  ["PUT", "/rooms/trip/entries/a", { body: `"${"x".repeat(262_143)}"` }, 413, "too-large"],
  ["PUT", "/rooms/trip/entries/a", { body: "x".repeat(280_000) }, 413, "too-large"],
  // Options
  ["PUT", "/rooms/trip/entries/a?ttl=soon", { body: "1" }, 400, "invalid-argument"],
  ["PUT", "/rooms/trip/entries/a?ttl=-1", { body: "1" }, 400, "invalid-argument"],
  ["PUT", "/rooms/trip/entries/a?ttl=0", { body: "1" }, 400, "invalid-argument"],
  ["PUT", "/rooms/trip/entries/a?ttl=1e3", { body: "1" }, 400, "invalid-argument"],
  ["PUT", "/rooms/trip/entries/a?ttl=9999999999999999", { body: "1" }, 400, "invalid-argument"],
  ["PUT", "/rooms/trip/entries/a", { body: "1", headers: { Agent: "x".repeat(257) } }, 400, "invalid-argument"],
  ["PUT", "/rooms/trip/entries/a", { body: "1", headers: { "If-Match": "1" } }, 400, "invalid-condition"],
  ["PUT", "/rooms/trip/entries/a", { body: "1", headers: { "If-Match": "*" } }, 400, "invalid-condition"],
  ["PUT", "/rooms/trip/entries/a", { body: "1", headers: { "If-None-Match": '"x"' } }, 400, "invalid-condition"],
  ["DELETE", "/rooms/trip/entries/a", { headers: { "If-Match": '"0.0"' } }, 400, "invalid-condition"],
  // Selectors
  ["GET", "/rooms/trip/entries?selector=", {}, 400, "invalid-selector"],
  ["GET", "/rooms/trip/entries?selector=**/a", {}, 400, "invalid-selector"],
  ["GET", `/rooms/trip/entries?selector=${"a/".repeat(40)}*`, {}, 429, "limit"],
  // Councils
  ["POST", "/council", { body: "x".repeat(65_537) }, 413, "too-large"],
  ["POST", "/council", { body: Uint8Array.of(0xff) }, 400, "invalid-text"],
];

for (const [method, path, init, status, code] of refusals) {
  const sent = init.headers ? JSON.stringify(init.headers) : String(init.body ?? "").slice(0, 20);
  test(`${method} ${path.slice(0, 40)} ${sent.slice(0, 40)} is answered with ${status} ${code}`, {
    timeout,
  }, async () => {
    const answer = await edge.ask(method, path, init);
    assert.deepEqual([answer.status, answer.body.code], [status, code], JSON.stringify(answer.body));
    assert.ok(answer.body.detail.length > 0);
  });
}

/** Where the body without end ends after all, so that a broken limit fails the test and not the machine. */
const BODY_MAX = 64 * 1_048_576;

test("a body without end is cut off", { timeout }, async () => {
  let sent = 0;
  const body = new ReadableStream({
    async pull(controller) {
      await sleep(1);
      sent += 65_536;
      controller.enqueue(new Uint8Array(65_536));
      if (sent > BODY_MAX) controller.close();
    },
  });
  // Who is still sending when the answer comes may find the connection closed instead.
  const cut = { status: 413, body: { code: "too-large" } };
  const { status, body: said } = await edge.ask("PUT", "/rooms/trip/entries/a", { body }).catch(() => cut);
  assert.deepEqual([status, said.code], [413, "too-large"]);
  assert.ok(sent < BODY_MAX, `${sent} bytes were taken`);
});

test("what is refused has changed nothing, and what is strange but good is stored", { timeout }, async () => {
  assert.deepEqual((await edge.ask("GET", "/rooms/trip/entries")).body, {});
  assert.equal((await edge.ask("GET", "/rooms/trip")).body.revision, 0);
  for (const body of ["null", "false", "-0", "1e308", '""', "[[]]", '{"toJSON":1}', " 1 ", "9007199254740993"]) {
    const { status, body: shown } = await edge.ask("PUT", `/rooms/trip/entries/${body.length}`, { body });
    assert.ok(status < 300, body);
    assert.deepEqual(shown.value, JSON.parse(JSON.stringify(JSON.parse(body))));
  }
  assert.equal((await edge.ask("GET", "/")).status, 200);
  assert.deepEqual((await edge.ask("POST", "/council", { body: "" })).body, {
    "agents/reader/status": "done",
    brief: [],
  });
});
