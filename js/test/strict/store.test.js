/** The store in a browser's database: what it does with one that is slow, hangs or is lost, and how little it asks of it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { StatehallError } from "statehall";
import { turn } from "../support/clock.js";
import { begin } from "../support/hall.js";
import { FakeIndexedDb } from "../support/indexeddb.js";

/** A hall whose contexts are in a fake database. */
function stored(t, durability) {
  const fake = new FakeIndexedDb().install(t);
  const { hall, clock, errors } = begin(t);
  fake.serve(hall, clock, durability);
  return { fake, hall, clock, errors };
}

const done = (version) => ({ committed: true, version });

/** Lets time pass until a promise is settled; fails if it is not within a minute. */
async function within(clock, promise) {
  let settled = false;
  const end = () => {
    settled = true;
  };
  promise.then(end, end);
  const began = clock.elapsed;
  for (let turns = 0; !settled; turns++) {
    for (let i = 0; i < 20 && !settled; i++) await turn();
    if (settled) break;
    assert.ok(turns < 600, "it is settled within a minute");
    await clock.advance(100);
  }
  return { promise, took: clock.elapsed - began };
}

async function late(clock, promise, detail) {
  const { took } = await within(clock, promise);
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof StatehallError, String(error));
    assert.equal(error.code, "timeout", error.message);
    assert.match(error.detail, detail);
    return true;
  });
  return took;
}

for (const what of ["openingHangs", "beginningHangs"]) {
  test(`${what}: a change is given up after five seconds, and does not happen later`, async (t) => {
    const { fake, hall, clock } = stored(t);
    const context = hall.context("x");
    fake[what] = true;
    const took = await late(clock, context.create("first"), /has not happened/);
    assert.ok(took >= 5_000 && took <= 5_100, `${took} ms`);
    await late(clock, context.get(), /ask again/);
    fake[what] = false;
    assert.equal(await (await within(clock, context.get())).promise, undefined);
    assert.deepEqual(await context.create("second"), done(1));
    assert.deepEqual((await context.get()).data, "second");
  });
}

test("a change that was given to the store and has no answer may have happened: asking again tells, and nothing is done twice", async (t) => {
  const { fake, hall, clock } = stored(t);
  const context = hall.context("x");
  assert.deepEqual(await context.create({ n: 0 }), done(1));
  fake.storingHangs = true;
  await late(clock, context.replace({ n: 1 }, { expect: 1 }), /not known/);
  // What is asked meanwhile comes after it.
  const behind = context.replace({ n: "behind" }, { expect: 1 });
  await turn();
  fake.storingHangs = false;
  const commit = await (await within(clock, behind)).promise;
  assert.deepEqual(commit, { committed: false, reason: "conflict", version: 2, value: { n: 1 } });
  const { data, version } = await context.get();
  assert.deepEqual([data, version], [{ n: 1 }, 2]);
  assert.deepEqual(await context.replace({ n: 2 }, { expect: 2 }), done(3));
});

for (const fate of ["stored", "lost"]) {
  test(`a connection that is lost again and again, the change ${fate} each time, leaves the outcome unknown`, async (t) => {
    const { fake, hall, clock } = stored(t);
    const context = hall.context("x");
    await context.create([]);
    fake.storings = Array.from({ length: 6 }, () => fate);
    await late(clock, context.replace([1], { expect: 1 }), /not known/);
    assert.equal(fake.storings.length, 0);
    const expected = fate === "stored" ? [[1], 2] : [[], 1];
    const { data, version } = await context.get();
    assert.deepEqual([data, version], expected);
  });
}

test("a change whose answer is lost is repeated until it is answered, and happens once", async (t) => {
  const { fake, hall, clock } = stored(t);
  const context = hall.context("x");
  await context.create(0);
  for (const fates of [["stored"], ["lost"], ["lost", "stored", "stored"], ["stored", "lost"]]) {
    const { version } = await context.get();
    fake.storings = [...fates];
    const { promise } = await within(clock, context.replace(version, { expect: version }));
    assert.deepEqual(await promise, done(version + 1), fates.join());
  }
});

test("a database that cannot be opened is no authority, and nothing has happened", async (t) => {
  const { fake, hall, clock } = stored(t);
  const context = hall.context("x");
  fake.openings = Array.from({ length: 6 }, () => "lost");
  const failed = context.create(1);
  await within(clock, failed);
  await assert.rejects(failed, { code: "no-authority" });
  assert.equal(await context.get(), undefined);
});

test("whoever waits in line for a lease leaves it when the store does not answer", async (t) => {
  const { fake, hall, clock } = stored(t);
  const context = hall.context("x");
  const lease = await context.acquire({ owner: "ann", ttl: 600_000, renew: false });
  const waiting = context.acquire({ owner: "bob", ttl: 600_000 });
  waiting.catch(() => {});
  while ((await context.query()).waiting.length === 0) await turn();
  fake.beginningHangs = true;
  hall.session_.strict.authority().changed(["cx"]);
  await late(clock, waiting, /has not happened/);
  fake.beginningHangs = false;
  while ((await (await within(clock, context.query())).promise).waiting.length > 0) await turn();
  assert.equal(await lease.release(), true);
  assert.deepEqual((await context.query()).holders, []);
});

test("a page that was frozen while the store answered is not told that it has not", async (t) => {
  const { fake, hall, clock } = stored(t);
  const context = hall.context("x");
  await context.create(1);
  fake.storingHangs = true;
  const commit = context.replace(2, { expect: 1 });
  for (let i = 0; i < 20; i++) await turn();
  clock.elapsed += 60_000;
  // The timer rings before the answer is heard.
  await clock.advance(0);
  fake.storingHangs = false;
  assert.deepEqual(await (await within(clock, commit)).promise, done(2));
});

test("an answer in time leaves no timer behind", async (t) => {
  const { hall, clock } = stored(t);
  const before = clock.timers;
  await hall.context("x").create(1);
  await hall.context("x").get();
  assert.equal(clock.timers, before);
});

test("what is asked in one turn is one transaction", async (t) => {
  const { fake, hall } = stored(t);
  await hall.context("first").create(1);
  const before = fake.counts.readwrite;
  await Promise.all(Array.from({ length: 30 }, (_, i) => hall.context(`c${i}`).create(i)));
  assert.equal(fake.counts.readwrite, before + 1);
  // What is asked while it is under way is the next one.
  const [a, b] = [hall.context("a").create(1), turn().then(() => hall.context("b").create(1))];
  const c = turn().then(() => hall.context("c").create(1));
  assert.deepEqual(await Promise.all([a, b, c]), [done(1), done(1), done(1)]);
  assert.equal(fake.counts.readwrite, before + 3);
});

for (const durability of ["relaxed", "strict"]) {
  test(`the durability ${durability} is asked of every transaction`, async (t) => {
    const { fake, hall } = stored(t, durability);
    await hall.context("x").create(1);
    await hall.context("x").get();
    assert.deepEqual([...fake.durabilities], [durability]);
  });
}
