/** Rooms: values, conditions, time to live, and what of it is still there after workerd has gone and come back. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, serve, temporary } from "./edge.js";

const timeout = 60_000;

test("values are put, shown, listed and deleted", { timeout }, async () => {
  const edge = await serve();
  const put = await edge.ask("PUT", "/rooms/trip/entries/plan/city", { json: "Porto", headers: { Agent: "planner" } });
  assert.equal(put.status, 201);
  assert.equal(put.body.origin, "planner");
  assert.equal((await edge.ask("PUT", "/rooms/trip/entries/plan/city", { json: "Braga" })).status, 200);
  const got = await edge.ask("GET", "/rooms/trip/entries/plan/city");
  assert.deepEqual([got.body.key, got.body.value, got.body.origin], ["plan/city", "Braga", "anonymous"]);
  assert.equal(
    got.headers.get("ETag"),
    `"${(await edge.ask("GET", "/rooms/trip")).body.session}.${got.body.revision}"`,
  );

  // A slash inside a segment, text that is not ASCII, and names that mean something to JavaScript.
  const value = { list: [1, -0.5, null, true, ""], "\u00fc": "\u{1f600}", __proto__: null, constructor: { length: 1 } };
  await edge.ask("PUT", "/rooms/trip/entries/agents/a%2Fb/%C3%BC", { json: value });
  await edge.ask("PUT", "/rooms/trip/entries/__proto__", { body: '{"__proto__":1}' });
  const all = (await edge.ask("GET", "/rooms/trip/entries")).body;
  assert.deepEqual(Object.keys(all).sort(), ["__proto__", "agents/a~1b/\u00fc", "plan/city"]);
  assert.deepEqual(all["agents/a~1b/\u00fc"], JSON.parse(JSON.stringify(value)));
  assert.deepEqual(Object.keys((await edge.ask("GET", "/rooms/trip/entries?selector=plan/*")).body), ["plan/city"]);

  assert.equal((await edge.ask("DELETE", "/rooms/trip/entries/plan/city")).status, 204);
  assert.equal((await edge.ask("DELETE", "/rooms/trip/entries/plan/city")).status, 404);
  assert.equal((await edge.ask("GET", "/rooms/trip/entries/plan/city")).body.code, "absent");
});

test("who was slower is told what is there now", { timeout }, async () => {
  const edge = await serve();
  const path = "/rooms/trip/entries/plan/days";
  const first = await edge.ask("PUT", path, { json: 1, headers: { "If-None-Match": "*" } });
  assert.equal(first.status, 201);
  const second = await edge.ask("PUT", path, { json: 2, headers: { "If-Match": first.headers.get("ETag") } });
  assert.equal(second.status, 200);
  const attempts = [
    ["PUT", { "If-Match": first.headers.get("ETag") }],
    ["PUT", { "If-None-Match": "*" }],
    ["DELETE", { "If-Match": first.headers.get("ETag") }],
    ["DELETE", { "If-Match": '"0123456789abcdef.2"' }],
  ];
  for (const [method, headers] of attempts) {
    const late = await edge.ask(method, path, { json: method === "PUT" ? 3 : undefined, headers });
    assert.deepEqual([late.status, late.body.code, late.body.entry.value], [412, "conflict", 2]);
    assert.equal(late.headers.get("ETag"), second.headers.get("ETag"));
  }
  // Of many who begin from one tag, one wins.
  const headers = { "If-Match": second.headers.get("ETag") };
  const race = await Promise.all(
    Array.from({ length: 10 }, (_, i) => edge.ask("PUT", path, { json: 10 + i, headers })),
  );
  assert.equal(race.filter(({ status }) => status === 200).length, 1);
  const absent = await edge.ask("PUT", "/rooms/trip/entries/nothing", { json: 1, headers });
  assert.deepEqual([absent.status, absent.body.entry], [412, null]);
});

test("what was acknowledged is there after a restart, and old tags hold no longer", { timeout }, async () => {
  const persist = temporary("rooms");
  const before = await serve({ persist });
  const tag = (
    await before.ask("PUT", "/rooms/trip/entries/a", { json: 1, headers: { Agent: "planner" } })
  ).headers.get("ETag");
  await Promise.all(Array.from({ length: 20 }, (_, i) => before.ask("PUT", `/rooms/trip/entries/b/${i}`, { json: i })));
  await before.ask("DELETE", "/rooms/trip/entries/b/7");
  await before.ask("PUT", "/rooms/other/entries/lasting?ttl=3600000", { json: "soon" });
  const renewed = await before.ask("PUT", "/rooms/other/entries/lasting?ttl=7200000", { json: "soon" });
  const all = (await before.ask("GET", "/rooms/trip/entries")).body;
  const { session } = (await before.ask("GET", "/rooms/trip")).body;
  await before.stop();

  const after = await serve({ persist });
  assert.deepEqual((await after.ask("GET", "/rooms/trip/entries")).body, all);
  assert.equal(Object.keys(all).length, 20);
  assert.notEqual((await after.ask("GET", "/rooms/trip")).body.session, session);
  assert.equal((await after.ask("GET", "/rooms/trip/entries/a")).body.origin, "planner");
  assert.equal((await after.ask("GET", "/rooms/other/entries/lasting")).body.expires, renewed.body.expires);
  // The number in the tag may be that of another write by now, so the tag must not match.
  const stale = await after.ask("PUT", "/rooms/trip/entries/a", { json: 2, headers: { "If-Match": tag } });
  assert.equal(stale.status, 412);
  const headers = { "If-Match": stale.headers.get("ETag") };
  assert.equal((await after.ask("PUT", "/rooms/trip/entries/a", { json: 2, headers })).status, 200);
});

test("a snapshot larger than a row of storage is kept in parts", { timeout }, async () => {
  const persist = temporary("large");
  const before = await serve({ persist });
  const text = "0123456789".repeat(25_000);
  for (let i = 0; i < 14; i++) await before.ask("PUT", `/rooms/large/entries/notes/${i}`, { json: `${i} ${text}` });
  const { usage, limits } = (await before.ask("GET", "/rooms/large")).body;
  assert.ok(usage.bytes > 3_000_000, `${usage.bytes} bytes are in the room`);
  await before.stop();

  const middle = await serve({ persist });
  assert.equal((await middle.ask("GET", "/rooms/large")).body.usage.bytes, usage.bytes);
  assert.equal((await middle.ask("GET", "/rooms/large/entries/notes/13")).body.value, `13 ${text}`);
  // What does not fit is refused and changes nothing; what is deleted gives its parts back.
  const full = await Promise.all(
    [20, 21, 22, 23].map((i) => middle.ask("PUT", `/rooms/large/entries/${i}`, { json: text })),
  );
  assert.deepEqual([...new Set(full.map(({ status }) => status))].sort(), [201, 413]);
  assert.ok((await middle.ask("GET", "/rooms/large")).body.usage.bytes <= limits.bytes);
  for (let i = 1; i < 14; i++) await middle.ask("DELETE", `/rooms/large/entries/notes/${i}`);
  const rest = (await middle.ask("GET", "/rooms/large/entries")).body;
  await middle.stop();

  const after = await serve({ persist });
  assert.deepEqual((await after.ask("GET", "/rooms/large/entries")).body, rest);
});

test("an entry expires by the object's alarm, although nobody asks", { timeout }, async () => {
  const edge = await serve();
  const { heard } = await edge.listen("/rooms/trip/watch?selector=typing/*");
  await edge.ask("PUT", "/rooms/trip/entries/typing/ann?ttl=300", { json: true });
  await edge.ask("PUT", "/rooms/trip/entries/typing/bob?ttl=600", { json: true });
  await eventually(
    () => heard.slice(3).map(({ key, deleted }) => ({ key, deleted })),
    [
      { key: "typing/ann", deleted: true },
      { key: "typing/bob", deleted: true },
    ],
  );
  assert.equal((await edge.ask("GET", "/rooms/trip/entries/typing/ann")).status, 404);
});

test("an entry expires on time after a restart", { timeout }, async () => {
  const persist = temporary("alarm");
  const before = await serve({ persist });
  await before.ask("PUT", "/rooms/trip/entries/short?ttl=500", { json: 1 });
  const { expires } = (await before.ask("PUT", "/rooms/trip/entries/long?ttl=2500", { json: 1 })).body;
  await before.stop();

  const after = await serve({ persist });
  const { heard } = await after.listen("/rooms/trip/watch");
  await eventually(() => [heard.at(-1)?.key, heard.at(-1)?.deleted], ["long", true]);
  const late = Date.now() - expires;
  assert.ok(late >= 0 && late < 1_000, `it expired ${late} ms late`);
  assert.deepEqual((await after.ask("GET", "/rooms/trip/entries")).body, {});
});
