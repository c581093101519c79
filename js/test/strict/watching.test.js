/** Watches of contexts: the newest version, whoever makes it and however late one hears of it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { StatehallError } from "statehall";
import { turn } from "../support/clock.js";
import { begin } from "../support/hall.js";
import { FakeIndexedDb } from "../support/indexeddb.js";

async function turns(n = 10) {
  for (let i = 0; i < n; i++) await turn();
}

const plain = ({ id, version, value, deleted, initial }) => [id, version, value, deleted, initial];

/** Two halls with one database, and what each hints to the other. */
function pair(t) {
  const fake = new FakeIndexedDb().install(t);
  const halls = [begin(t), begin(t)];
  const authorities = halls.map(({ hall, clock }) => fake.serve(hall, clock));
  const hints = [];
  for (const [i, authority] of authorities.entries()) {
    authority.host.hint = (names) => {
      hints.push([...names]);
      authorities[1 - i].changed(names);
    };
  }
  return { fake, a: halls[0].hall, b: halls[1].hall, authorities, hints };
}

test("a watch tells each version, deletions, and what is there if asked", async (t) => {
  const { hall } = begin(t);
  const context = hall.context("x");
  await context.create({ n: 1 });
  const [heard, late] = [[], []];
  const stop = context.watch((change) => heard.push(plain(change)), { initial: true });
  context.watch((change) => late.push(plain(change)));
  await turns();
  await context.replace({ n: 2 }, { expect: 1 });
  await turns();
  await context.delete();
  await turns();
  await context.create({ n: 4 });
  await turns();
  stop();
  await context.replace({ n: 5 }, { expect: 4 });
  await turns();
  const rest = [
    ["x", 2, { n: 2 }, false, false],
    ["x", 3, undefined, true, false],
    ["x", 4, { n: 4 }, false, false],
  ];
  assert.deepEqual(heard, [["x", 1, { n: 1 }, false, true], ...rest]);
  assert.deepEqual(late, [...rest, ["x", 5, { n: 5 }, false, false]]);
});

test("what is committed right after the watch was opened is told", async (t) => {
  for (const initial of [true, false]) {
    const { a } = pair(t);
    const context = a.context(`x${initial}`);
    const versions = [];
    context.watch(({ version }) => versions.push(version), { initial });
    await context.create(1);
    await turns();
    assert.deepEqual(versions, [1], `initial: ${initial}`);
  }
});

test("another session hears of it, coalesced, versions growing, the last one told", async (t) => {
  const { a, b, hints } = pair(t);
  const [mine, theirs] = [a.context("x"), b.context("x")];
  const changes = [];
  theirs.watch((change) => changes.push(plain(change)));
  await mine.create(0);
  for (let version = 1; version <= 50; version++) await mine.replace(version, { expect: version });
  await turns(30);
  const versions = changes.map(([, version]) => version);
  assert.deepEqual(
    versions,
    [...new Set(versions)].sort((p, q) => p - q),
  );
  assert.deepEqual(changes.at(-1), ["x", 51, 50, false, false]);
  assert.ok(hints.length >= 51);
});

test("one that was hinted before it was stored is told after it", async (t) => {
  const { fake, a, b } = pair(t);
  const versions = [];
  await a.context("x").create(1);
  b.context("x").watch(({ version }) => versions.push(version));
  await turns();
  fake.storingHangs = true;
  const commit = a.context("x").replace(2, { expect: 1 });
  await turns();
  assert.deepEqual(versions, []);
  fake.storingHangs = false;
  await commit;
  await turns();
  assert.deepEqual(versions, [2]);
});

test("a hint that is lost is made up for by the next look", async (t) => {
  const { a, b, authorities } = pair(t);
  const versions = [];
  await a.context("x").create(1);
  b.context("x").watch(({ version }) => versions.push(version));
  await turns();
  authorities[0].host.hint = () => {};
  await a.context("x").replace(2, { expect: 1 });
  await a.context("x").replace(3, { expect: 2 });
  await turns();
  assert.deepEqual(versions, []);
  authorities[1].lookAgain();
  await turns();
  assert.deepEqual(versions, [3]);
});

test("leases and refused changes wake no watch, and changes of documents nobody who waits for a lease", async (t) => {
  const { a, b, hints, fake } = pair(t);
  await a.context("x").create(1);
  b.context("x").watch(() => assert.fail("nothing has changed"));
  await turns();
  hints.length = 0;
  const before = fake.counts.readonly;
  await a.context("x").replace(2, { expect: 9 });
  const lease = await a.context("x").acquire({ owner: "ann" });
  await lease.release();
  await turns();
  assert.deepEqual(hints, [["cx"]]);
  assert.equal(fake.counts.readonly, before);
});

test("iterating: the newest that was not taken, and the end", async (t) => {
  const { hall } = begin(t);
  const context = hall.context("x");
  const changes = context.watch();
  const first = changes.next();
  await context.create(1);
  assert.deepEqual((await first).value.version, 1);
  for (const version of [1, 2, 3]) {
    await context.replace(version + 1, { expect: version });
    await turns();
  }
  assert.deepEqual(plain((await changes.next()).value), ["x", 4, 4, false, false]);
  const controller = new AbortController();
  const seen = [];
  for await (const { version, initial } of context.watch({ initial: true, signal: controller.signal })) {
    seen.push([version, initial]);
    if (version === 5) controller.abort();
    else await context.replace(5, { expect: 4 });
  }
  assert.deepEqual(seen, [
    [4, true],
    [5, false],
  ]);
  const last = changes.next().then(({ done }) => done);
  changes.stop();
  // One change was waiting for nobody; it is gone with the watch.
  assert.equal((await changes.next()).done, true);
  assert.equal(typeof (await last), "boolean");
});

test("a signal, a closed handle and a closed hall end a watch", async (t) => {
  const { hall } = begin(t);
  const versions = { signal: [], handle: [], hall: [] };
  const controller = new AbortController();
  const handle = hall.as("other");
  const context = hall.context("x");
  context.watch(({ version }) => versions.signal.push(version), { signal: controller.signal });
  handle.context("x").watch(({ version }) => versions.handle.push(version));
  context.watch(({ version }) => versions.hall.push(version));
  context.watch(() => assert.fail("aborted before"), { signal: AbortSignal.abort() });
  await turns();
  await context.create(1);
  await turns();
  controller.abort();
  handle.close();
  await context.replace(2, { expect: 1 });
  await turns();
  const stream = context.watch();
  const end = stream.next();
  hall.close();
  assert.deepEqual(await end, { value: undefined, done: true });
  assert.deepEqual(versions, { signal: [1], handle: [1], hall: [1, 2] });
});

test("what a listener throws is reported, and the watch goes on", async (t) => {
  const { hall, errors } = begin(t);
  const versions = [];
  hall.context("x").watch(({ version }) => {
    versions.push(version);
    throw new Error("thrown by a test");
  });
  await hall.context("x").create(1);
  await turns();
  await hall.context("x").replace(2, { expect: 1 });
  await turns();
  assert.deepEqual(versions, [1, 2]);
  assert.deepEqual(
    errors.map((error) => error instanceof StatehallError && error.code),
    ["callback-failed", "callback-failed"],
  );
});

test("watches are bounded, and bad options refused", async (t) => {
  const { hall } = begin(t, { limits: { watches: 2 } });
  const context = hall.context("x");
  const stop = context.watch(() => {});
  context.watch(() => {});
  assert.throws(() => context.watch(() => {}), { code: "limit" });
  stop();
  stop();
  context.watch(() => {});
  assert.throws(() => context.watch(() => {}), { code: "limit" });
  for (const bad of [{ initial: 1 }, { once: true }, { signal: {} }, 3, null]) {
    assert.throws(() => context.watch(() => {}, bad), { code: "invalid-argument" });
    assert.throws(() => context.watch(bad), { code: "invalid-argument" });
  }
});

test("a store that fails is reported, and the watch goes on", async (t) => {
  const { fake, a } = pair(t);
  const errors = [];
  a.session_.strict.authority().host.report = (error) => errors.push(error.code);
  const context = a.context("x");
  const versions = [];
  fake.openings = ["lost", "lost", "lost", "lost", "lost", "lost"];
  context.watch(({ version }) => versions.push(version));
  for (let i = 0; i < 40; i++) {
    await a.session_.clock.advance(50);
    await turns(4);
  }
  assert.deepEqual(errors, ["no-authority"]);
  await context.create(1);
  await turns();
  assert.deepEqual(versions, [1]);
});

test("a store that fails at the last hint is asked again, and only its first failure reported", async (t) => {
  const { fake, a, b } = pair(t);
  const errors = [];
  b.session_.strict.authority().host.report = (error) => errors.push(error.code);
  const versions = [];
  await a.context("x").create(1);
  b.context("x").watch(({ version }) => versions.push(version));
  await turns();
  fake.beginningHangs = true;
  const commit = a.context("x").replace(2, { expect: 1 });
  b.session_.strict.authority().changed(["dx"]);
  for (let i = 0; i < 30; i++) {
    await b.session_.clock.advance(500);
    await turns(4);
  }
  assert.deepEqual([errors, versions], [["timeout"], []]);
  fake.beginningHangs = false;
  await commit;
  for (let i = 0; i < 10; i++) {
    await b.session_.clock.advance(500);
    await turns(4);
  }
  assert.deepEqual([errors, versions], [["timeout"], [2]]);
});
