/** A store whose connection is lost: a step that was or was not stored is repeated, and nothing happens twice. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { begin } from "../support/hall.js";

/** Has each step of a hall's store repeated, as often as `plan` says: `true` for one that was stored, `false` for one that was not. */
function unreliable(hall, plan) {
  const { store } = hall.session_.strict.authority().host;
  const change = store.change.bind(store);
  let steps = 0;
  store.change = async (decide) => {
    for (const stored of plan(steps++)) {
      if (stored) await change(decide);
      // An aborted transaction: it was decided, and none of it is there.
      else await aborted(store, decide);
    }
    await change(decide);
  };
  return () => steps;
}

/** Decides on what is stored, and stores nothing. */
async function aborted(store, decide) {
  const rows = new Map();
  for (let answer = decide(rows, false); !(answer instanceof Map); answer = decide(rows, false)) {
    for (const name of answer) rows.set(name, (await store.read(name)) ?? new Uint8Array());
  }
}

const plans = {
  "stored, and the answer lost": () => [true],
  "stored, and the answer lost twice": () => [true, true],
  "not stored": () => [false],
  "one after the other": (step) => [step % 2 === 0, step % 3 === 0],
};

for (const [name, plan] of Object.entries(plans)) {
  test(`a step that was ${name} is carried out once`, async (t) => {
    const { hall } = begin(t);
    const steps = unreliable(hall, plan);
    const context = hall.context("plan");
    assert.deepEqual(await context.create({ n: 0 }), { committed: true, version: 1 });
    for (let version = 1; version <= 20; version++) {
      const commit = await context.replace({ n: version }, { expect: version });
      assert.deepEqual(commit, { committed: true, version: version + 1 });
    }
    // Together, in one step: one of them wins, and the others are told what there is.
    const rivals = await Promise.all([1, 2, 3].map((n) => context.replace({ rival: n }, { expect: 21 })));
    assert.deepEqual(
      rivals.map(({ committed, reason, version }) => reason ?? [committed, version]),
      [[true, 22], "conflict", "conflict"],
    );
    const lease = await context.acquire({ owner: "ann", ttl: 1_000, renew: false });
    const { holders } = await context.query();
    assert.deepEqual(
      holders.map(({ owner, fence }) => [owner, fence]),
      [["ann", lease.fence]],
    );
    assert.deepEqual(await context.replace({ n: 23 }, { lease }), { committed: true, version: 23 });
    assert.equal(await lease.release(), true);
    assert.deepEqual((await context.query()).holders, []);
    assert.ok(steps() >= 24, "every step went through the store");
  });
}
