/**
 * Whatever a browser can run is a session of its own, or shares one: tabs, frames, dedicated and shared workers.
 */

import assert from "node:assert/strict";
import { agentsAt, everywhere, inTabs, untilHere } from "./tabs.mjs";

inTabs("tabs, a frame, a worker and a shared worker are one hall, and see each other come and go", async (tabs) => {
  const [home, other] = [await tabs.open("home"), await tabs.open("other")];
  const frame = await tabs.addFrame(home, "frame");
  const worker = await tabs.startWorker(home, "worker");
  const shared = await tabs.startSharedWorker(home, "shared");
  const all = ["frame", "home", "other", "shared", "worker"];
  for (const session of tabs.sessions) await untilHere(session, all);
  const ids = await everywhere([...tabs.sessions], () => hall.session);
  assert.equal(new Set(ids).size, 5);
  assert.deepEqual(
    await other.evaluate(() =>
      hall
        .sessions()
        .map(({ id }) => id)
        .sort(),
    ),
    [...ids].sort(),
  );
  const [self] = await worker.evaluate(() => hall.sessions());
  assert.deepEqual([self.agent, self.self], ["worker", true]);

  await everywhere([...tabs.sessions], () => hall.put(`from/${agent}`, agent));
  const state = await tabs.untilSame();
  assert.deepEqual([...state.values()], all);

  // Each goes in its own way: closed by its program, removed from its page, closed by the user.
  await other.evaluate(() => {
    globalThis.comings = [];
    hall.watchSessions((sessions) => comings.push(sessions.length));
  });
  tabs.sessions.delete(worker);
  await worker.evaluate(() => hall.close());
  await untilHere(other, ["frame", "home", "other", "shared"]);
  tabs.sessions.delete(frame);
  await home.evaluate(() => document.querySelector("iframe").remove());
  await untilHere(other, ["home", "other", "shared"]);
  tabs.sessions.delete(shared);
  await shared.evaluate(() => hall.close());
  await untilHere(other, ["home", "other"]);
  const closed = home.waitForEvent("close");
  await home.close({ runBeforeUnload: true });
  await closed;
  await untilHere(other, ["other"]);
  assert.deepEqual(await other.evaluate(() => comings), [4, 3, 2, 1]);
});

inTabs("a window has one session of a hall, however often it is opened there", async (tabs) => {
  const [page, other] = [await tabs.open("first"), await tabs.open("other")];
  const outcome = await page.evaluate(async () => {
    const open = (options) => statehall.openHall({ name: "main", ...options });
    const codeOf = (work) => {
      try {
        return work() && "none";
      } catch (error) {
        return error instanceof statehall.StatehallError ? error.code : String(error);
      }
    };
    const second = open({ agent: "second" });
    const same = second.session === hall.session;
    second.put("by", "second");
    const { origin } = hall.entry("by");
    const conflict = codeOf(() => open({ limits: { entries: 10 } }));
    const apart = codeOf(() => open({ share: false }));
    hall.close();
    const released = codeOf(() => hall.get("by"));
    const still = second.get("by");
    second.close();
    return { same, origin, conflict, apart, released, still, ended: codeOf(() => second.get("by")) };
  });
  assert.deepEqual(outcome, {
    same: true,
    origin: "second",
    conflict: "options-conflict",
    apart: "options-conflict",
    released: "closed",
    still: "second",
    ended: "closed",
  });
  await untilHere(other, ["other"]);
  assert.equal(await other.evaluate(() => hall.get("by")), "second");

  const before = await page.evaluate(() => hall.session);
  const after = await page.evaluate(async () => {
    globalThis.hall = join({ agent: "again" });
    await hall.ready;
    return { session: hall.session, by: hall.get("by") };
  });
  assert.notEqual(after.session, before);
  assert.equal(after.by, "second");
  for (const session of [page, other]) await untilHere(session, ["again", "other"]);
});

inTabs("the same limits are the same in any order, and one that is undefined is not given", async (tabs) => {
  const page = await tabs.open("page");
  const outcome = await page.evaluate(() => {
    const open = (limits) => statehall.openHall({ name: "limited", limits });
    const first = open({ entries: 10, bytes: 1_000 });
    const again = [{ bytes: 1_000, entries: 10 }, { watches: undefined, entries: 10, bytes: 1_000 }, {}].map(open);
    const codes = [{ bytes: 10, entries: 1_000 }, { entries: 10 }].map((limits) => {
      try {
        open(limits);
        return "none";
      } catch (error) {
        return error.code;
      }
    });
    return { same: again.map(({ session }) => session === first.session), codes };
  });
  assert.deepEqual(outcome, { same: [true, true, true], codes: ["options-conflict", "options-conflict"] });
});

inTabs("a frame without an origin has a hall of its own", async (tabs) => {
  const page = await tabs.open("page");
  const boxed = await tabs.addFrame(page, "boxed", "allow-scripts");
  assert.equal(await boxed.evaluate(() => globalThis.origin), "null");
  await everywhere([page, boxed], () => hall.put("by", agent));
  await everywhere([page, boxed], () => hall.ready);
  assert.equal(await boxed.evaluate(() => hall.get("by")), "boxed");
  assert.equal(await page.evaluate(() => hall.get("by")), "page");
  assert.deepEqual(await agentsAt(boxed), ["boxed"]);
  assert.deepEqual(await agentsAt(page), ["page"]);
});
