/** Two users never share a hall by accident, however one goes about it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { serve } from "./edge.js";

const timeout = 60_000;
const both = ["ann", "bob"];

test("rooms of one name belong to their users", { timeout }, async () => {
  const edge = await serve();
  const { heard } = await edge.listen("/rooms/trip/watch", { user: "bob" });
  const puts = both.flatMap((user) =>
    Array.from({ length: 20 }, (_, i) => edge.ask("PUT", `/rooms/trip/entries/${user}/${i}`, { user, json: user })),
  );
  for (const { status } of await Promise.all(puts)) assert.equal(status, 201);
  for (const user of both) {
    const all = (await edge.ask("GET", "/rooms/trip/entries", { user })).body;
    assert.equal(Object.keys(all).length, 20);
    assert.deepEqual([...new Set(Object.values(all))], [user]);
  }
  const [start, ...changes] = heard;
  assert.equal(start.session, (await edge.ask("GET", "/rooms/trip", { user: "bob" })).body.session);
  assert.deepEqual([...new Set(changes.map(({ value }) => value))], ["bob"]);
  // Another room of the same user is another hall.
  assert.deepEqual((await edge.ask("GET", "/rooms/other/entries")).body, {});
});

test("no two pairs of user and room lead to one object", { timeout }, async () => {
  const names = ["a", "a-b", "b", "b-c", "c", "A", "rooms", "room", "constructor", "__proto__"];
  const users = Object.fromEntries(
    ["a", 'a","b', "a/b", "__proto__", "a-b"].map((name, i) => [`token-of-user${i}-0001`, name]),
  );
  const edge = await serve({ users });
  const sessions = new Set();
  for (let user = 0; user < 5; user++) {
    for (const room of names)
      sessions.add((await edge.ask("GET", `/rooms/${room}`, { user: `user${user}` })).body.session);
  }
  assert.equal(sessions.size, 5 * names.length);
  assert.ok(!sessions.has(undefined));
});

test("nobody gets in without a token, or with what looks like one", { timeout }, async () => {
  const edge = await serve();
  const headers = [
    {},
    { Authorization: "token-of-ann-0001" },
    { Authorization: "Bearer " },
    { Authorization: "Bearer token-of-ann-000" },
    { Authorization: "Bearer token-of-ann-00011" },
    { Authorization: "Bearer constructor" },
    { Authorization: "Bearer hasOwnProperty__" },
    { Authorization: "Bearer __proto__" },
    { Authorization: "Basic token-of-ann-0001" },
    { User: "ann", Agent: "ann" },
  ];
  for (const wrong of headers) {
    for (const [method, path] of [
      ["GET", "/rooms/trip"],
      ["POST", "/council"],
      ["GET", "/rooms/trip/watch"],
    ]) {
      const { status, body } = await edge.ask(method, path, { user: null, headers: wrong });
      assert.deepEqual([status, body.code], [401, "unknown-user"], JSON.stringify(wrong));
    }
  }
  const closed = await serve({ users: {} });
  assert.equal((await closed.ask("GET", "/rooms/trip")).status, 401);
});

test("councils that sit at the same time in one isolate know only their own text", { timeout }, async () => {
  const edge = await serve();
  const sit = (name, i) =>
    edge.ask("POST", "/council", { user: both[i % 2], body: `Dear ${name} has ${i} coins. `.repeat(8) });
  const names = Array.from({ length: 12 }, (_, i) => `N${String.fromCharCode(97 + i)}`);
  const answers = await Promise.all(names.map(sit));
  for (const [i, { body }] of answers.entries()) {
    assert.equal(Object.keys(body).filter((key) => key.startsWith("sentences/")).length, 8);
    for (const [key, value] of Object.entries(body)) {
      if (key.endsWith("/names")) assert.deepEqual(value, [names[i]]);
      if (key.endsWith("/figures")) assert.deepEqual(value, [String(i)]);
    }
  }
});

test("the accidents of a hurried author share nothing", { timeout }, async () => {
  const edge = await serve({ entry: "test/workers/accidents.js" });
  const visit = async (accident, user) => (await edge.ask("GET", `/${accident}?user=${user}`)).body;

  // workerd gives no randomness while a Worker starts, so a hall that all requests would share cannot even be opened.
  const { name, code, detail } = await visit("start");
  assert.deepEqual([name, code], ["StatehallError", "unsupported"]);
  assert.match(detail, /open the hall inside a request's handler/);

  const users = Array.from({ length: 16 }, (_, i) => `user-${i}`);
  const seen = await Promise.all(users.map((user) => visit("named", user)));
  assert.equal(new Set(seen.map(({ session }) => session)).size, users.length);
  for (const [i, user] of users.entries()) {
    assert.deepEqual(seen[i].all, { late: user, secret: user, [`users/${user}`]: true });
    assert.deepEqual(seen[i].heard, [user]);
    assert.equal(seen[i].sessions, 1);
  }
  for (const user of users) assert.deepEqual(await visit("forgotten", user), []);
  assert.deepEqual(await visit("twice"), { same: false, seen: false });
  assert.equal((await visit("shared")).code, "unsupported");
});
