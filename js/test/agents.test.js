/** Handles of many agents, one after another: each change bears the right name, and nobody who has left is remembered. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { openHall } from "statehall";
import { Agents } from "../dist/agents.js";

test("numbers are used again, and origins stay right", () => {
  const hall = openHall({ agent: "first" });
  const origins = [];
  const stop = hall.watch("**", ({ origin }) => origins.push(origin));
  const [a, b] = [hall.as("a"), hall.as("b")];
  const sameB = hall.as("b");
  b.close();
  const c = hall.as("c");
  a.close();
  const d = hall.as("d");
  for (const handle of [hall, sameB, c, d]) handle.put("key", origins.length);
  assert.deepEqual(origins, ["first", "b", "c", "d"]);
  assert.equal(hall.entry("key").origin, "d");
  assert.throws(() => a.put("key", 0), { code: "closed" });
  stop();
  hall.close();
  for (const handle of [sameB, c, d]) {
    handle.put("key", "still open");
    handle.close();
  }
});

test("a server with an agent for each request does not grow", () => {
  const [agents, told] = [new Agents(), new Map()];
  const tell = (number, agent) => void told.set(number, agent);
  const forget = (number) => void told.delete(number);
  agents.hold("server", tell);
  for (let request = 0; request < 10_000; request++) {
    agents.hold(`user ${request}`, tell);
    if (request > 2) agents.release(`user ${request - 3}`, forget);
  }
  assert.equal(told.size, 4);
  assert.ok(Math.max(...told.keys()) < 5, "never more than five acted at once");
  const retold = new Map();
  agents.retell((number, agent) => void retold.set(number, agent));
  assert.deepEqual(retold, told);
});

test("a name that is refused takes no number", () => {
  const hall = openHall();
  assert.throws(() => hall.as(""), { code: "invalid-argument" });
  assert.throws(() => hall.as("x".repeat(257)), { code: "invalid-argument" });
  const named = hall.as("named");
  named.put("key", 1);
  assert.equal(hall.entry("key").origin, "named");
  hall.close();
  named.close();
});
