/** Two sessions that were given one seed have one id, until one of them hears of the other. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { begin } from "./support/hall.js";
import { Network } from "./support/network.js";

test("sessions of one seed become two, and say so", async (t) => {
  const network = new Network();
  const halls = ["ann", "bob"].map((agent) => begin(t, { agent, seed: 77n, share: [network.adapter(agent)] }));
  const [ann, bob] = halls.map(({ hall }) => hall);
  assert.equal(ann.session, bob.session);
  let announced = 0;
  for (const hall of [ann, bob]) hall.watchSessions(() => announced++);
  ann.put("ann", 1);
  bob.put("bob", { by: "bob" });
  for (let i = 0; i < 40; i++) {
    await network.exchange();
    for (const { clock } of halls) await clock.advance(100);
  }
  assert.notEqual(ann.session, bob.session);
  assert.deepEqual([...ann.toMap()], [...bob.toMap()]);
  assert.equal(ann.keys().length, 2);
  const codes = halls.flatMap(({ errors }) => errors.map(({ code }) => code));
  assert.ok(codes.length >= 1 && codes.every((code) => code === "session-taken"), codes.join());
  assert.ok(announced > 0);
  for (const hall of [ann, bob]) assert.equal(hall.sessions().find(({ self }) => self).id, hall.session);
});
