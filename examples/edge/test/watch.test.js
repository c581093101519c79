/** Sockets: what they hear, and that nothing of them stays when they go. */

import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually, serve } from "./edge.js";

const timeout = 60_000;

test("a socket hears what is there, and then every change once and in order", { timeout }, async () => {
  const edge = await serve();
  await edge.ask("PUT", "/rooms/trip/entries/agents/a", { json: "idle", headers: { Agent: "a" } });
  await edge.ask("PUT", "/rooms/trip/entries/plan", { json: {} });
  const all = await edge.listen("/rooms/trip/watch");
  const agents = await edge.listen("/rooms/trip/watch?selector=agents/**");
  assert.equal(await edge.watches("/rooms/trip"), 2);
  for (let i = 0; i < 50; i++)
    await edge.ask("PUT", `/rooms/trip/entries/agents/${i % 3}`, { json: i, headers: { Agent: "b" } });
  await edge.ask("DELETE", "/rooms/trip/entries/plan", { headers: { Agent: "c" } });

  await eventually(() => all.heard.length, 1 + 2 + 50 + 1);
  const [start, first, second, ...changes] = all.heard;
  assert.equal(start.session, (await edge.ask("GET", "/rooms/trip")).body.session);
  assert.deepEqual([first.key, first.value, first.origin, first.initial], ["agents/a", "idle", "a", true]);
  assert.deepEqual([second.key, second.initial], ["plan", true]);
  assert.deepEqual(
    changes.slice(0, 50).map(({ value }) => value),
    Array.from({ length: 50 }, (_, i) => i),
  );
  assert.deepEqual(
    changes.map(({ revision }) => revision),
    Array.from({ length: 51 }, (_, i) => 3 + i),
  );
  const { key, deleted, value, origin } = changes.at(-1);
  assert.deepEqual([key, deleted, value, origin], ["plan", true, undefined, "c"]);
  await eventually(() => agents.heard.length, 1 + 1 + 50);
});

test("a socket that closes, says something or is cut off takes its watch with it", { timeout }, async () => {
  const edge = await serve();
  const watches = () => edge.watches("/rooms/trip");
  const closing = await edge.listen("/rooms/trip/watch");
  const talking = await edge.listen("/rooms/trip/watch");
  const cut = await rawSocket(edge.origin, "/rooms/trip/watch");
  assert.equal(await watches(), 3);
  closing.socket.close(1000);
  await eventually(watches, 2);
  talking.socket.send("hello");
  await eventually(watches, 1);
  // The connection ends without a word. The room is silent: nothing is sent that could fail.
  cut.destroy();
  await eventually(watches, 0);
  assert.equal((await edge.ask("PUT", "/rooms/trip/entries/a", { json: 1 })).status, 201);
  assert.equal(talking.heard.length, 1);
});

test("sockets come and go", { timeout }, async () => {
  const edge = await serve();
  for (let round = 0; round < 5; round++) {
    const sockets = await Promise.all(Array.from({ length: 20 }, () => edge.listen("/rooms/trip/watch")));
    await edge.ask("PUT", "/rooms/trip/entries/round", { json: round });
    for (const [i, { socket }] of sockets.entries()) if (i % 2 === 0) socket.close(1000);
    await edge.ask("PUT", "/rooms/trip/entries/round", { json: -round - 1 });
    for (const { socket } of sockets) if (socket.readyState < 2) socket.close(1000);
    await eventually(() => edge.watches("/rooms/trip"), 0);
  }
});

test("there is a limit to the sockets of a room", { timeout }, async () => {
  const edge = await serve();
  const { limits } = (await edge.ask("GET", "/rooms/trip")).body;
  // One watch is the room's own.
  for (let i = 1; i < limits.watches; i++) await edge.listen("/rooms/trip/watch");
  const refused = await edge.ask("GET", "/rooms/trip/watch", { headers: { Upgrade: "websocket" } });
  assert.deepEqual([refused.status, refused.body.code], [429, "limit"]);
  assert.equal(await edge.watches("/rooms/trip"), limits.watches - 1);
  assert.equal((await edge.ask("PUT", "/rooms/trip/entries/a", { json: 1 })).status, 201);
});

test("what is refused opens no watch", { timeout }, async () => {
  const edge = await serve();
  const refused = await edge.ask("GET", "/rooms/trip/watch?selector=**/a", { headers: { Upgrade: "websocket" } });
  assert.deepEqual([refused.status, refused.body.code], [400, "invalid-selector"]);
  assert.equal((await edge.ask("GET", "/rooms/trip/watch")).status, 426);
  await sleep(50);
  assert.equal(await edge.watches("/rooms/trip"), 0);
});

/** A WebSocket that this test can cut off: a plain connection, when the upgrade has been answered. */
function rawSocket(origin, path) {
  const { hostname, port } = new URL(origin);
  const head = [
    `GET ${path} HTTP/1.1`,
    `Host: ${hostname}:${port}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    "Authorization: Bearer token-of-ann-0001",
  ];
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(`${head.join("\r\n")}\r\n\r\n`));
    socket.once("data", (bytes) => {
      if (`${bytes}`.startsWith("HTTP/1.1 101")) resolve(socket);
      else reject(new Error(`${bytes}`));
    });
    socket.once("error", reject);
  });
}
