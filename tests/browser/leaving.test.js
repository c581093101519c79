/**
 * Tabs that go without a word, and tabs that go and come back: whoever is left agrees, and whoever returns has missed
 * nothing.
 */

import assert from "node:assert/strict";
import { everywhere, inTabs, untilHere } from "./tabs.mjs";

/** Ways to die without a word: how to start what will, and how to kill it. */
const deaths = {
  "a tab that is closed at once": {
    start: (tabs) => tabs.open("doomed"),
    kill: (page) => page.close({ runBeforeUnload: false }),
  },
  "a tab that crashes": {
    start: (tabs) => tabs.open("doomed"),
    kill: async (page) => {
      const crashed = page.waitForEvent("crash");
      const devtools = await page.context().newCDPSession(page);
      devtools.send("Page.crash").catch(() => {}); // it never answers
      await crashed;
    },
  },
  "a worker that is terminated": {
    start: (tabs, home) => tabs.startWorker(home, "doomed"),
    kill: async (worker, home) => {
      const closed = worker.waitForEvent("close");
      await home.evaluate(() => lastWorker.terminate());
      await closed;
    },
  },
};

for (const [who, { start, kill }] of Object.entries(deaths)) {
  inTabs(`${who} in the middle of a burst leaves the others in agreement`, async (tabs, print) => {
    const survivors = [await tabs.open("first"), await tabs.open("second")];
    const doomed = await start(tabs, survivors[0]);
    await doomed.evaluate(() => hall.ready);

    // Turns of a few frames each, new keys and old ones, without an end.
    const burst = doomed
      .evaluate(async () => {
        for (let turn = 0; ; turn++) {
          for (let i = 0; i < 2_000; i++)
            hall.put(`burst/${(turn * 1_000 + i) % 20_000}`, `${turn} ${"x".repeat(100)}`);
          await pause();
        }
      })
      .then(
        () => assert.fail("the burst came to an end"),
        () => {},
      );
    await survivors[0].evaluate(() => until(() => heard.length > 10_000));
    await kill(doomed, survivors[0]);
    tabs.sessions.delete(doomed);
    await burst;

    await tabs.untilSame(survivors);
    const late = await tabs.open("late");
    await late.evaluate(() => hall.ready);
    const state = await tabs.untilSame([late, ...survivors]);
    assert.ok(state.size > 2_000, `only ${state.size} keys`);

    // Everybody may write on, the keys of the dead included.
    await everywhere([late, ...survivors], () => hall.put("burst/0", agent));
    assert.match((await tabs.untilSame([late, ...survivors])).get("burst/0"), /first|second|late/);
    print(`${state.size} keys of the dead in three others`);
  });
}

inTabs("a page that returns from the back-forward cache has missed nothing", async (tabs) => {
  const [stays, leaves] = [await tabs.open("stays"), await tabs.open("leaves")];
  await stays.evaluate(() => {
    hall.put("changed", "before");
    hall.put("deleted", "before");
  });
  await leaves.evaluate(() => {
    globalThis.addEventListener("pageshow", ({ persisted }) => hall.put("restored", persisted));
    return until(() => hall.keys().length === 2);
  });
  await leaves.evaluate(() => hall.put("from/leaves", 1));
  await untilHere(stays, ["leaves", "stays"]);

  await Promise.all([
    leaves.waitForURL("**/away.html"),
    leaves.evaluate(() => {
      hall.put("last/words", "sent while going"); // in the same turn: the goodbye must not overtake it
      location.href = "/away.html";
    }),
  ]);
  await untilHere(stays, ["stays"]);
  await stays.evaluate(() => {
    hall.put("changed", "while away");
    hall.delete("deleted");
    for (let i = 0; i < 3_000; i++) hall.put(`added/${i}`, i);
    return pause();
  });
  assert.equal(await stays.evaluate(() => hall.get("last/words")), "sent while going");

  await leaves.evaluate(() => history.back());
  await stays.evaluate(() => until(() => hall.has("restored")));
  assert.equal(await stays.evaluate(() => hall.get("restored")), true, "the page was loaded anew, not restored");
  await untilHere(stays, ["leaves", "stays"]);
  const state = await tabs.untilSame([stays, leaves]);
  assert.equal(state.get("changed"), "while away");
  assert.equal(state.has("deleted"), false);
  assert.equal(state.size, 3_000 + 4);

  await stays.evaluate(() => hall.put("after", 1));
  await leaves.evaluate(() => until(() => hall.get("after") === 1));
});

inTabs("a frozen page, whose timers stand still, has missed nothing when it wakes", async (tabs) => {
  const sleeps = await tabs.openHideable("sleeps");
  const stays = await tabs.openHideable("stays");
  await stays.evaluate(() => {
    hall.put("changed", "before");
    hall.put("deleted", "before");
  });
  await sleeps.evaluate(() => {
    globalThis.frozen = new Promise((resolve) => document.addEventListener("freeze", resolve));
    return until(() => hall.keys().length === 2);
  });
  await sleeps.send("Page.setWebLifecycleState", { state: "frozen" });
  await sleeps.evaluate(async () => {
    await frozen;
    globalThis.ticks = 0;
    setInterval(() => ticks++);
  });

  await stays.evaluate(async () => {
    hall.put("changed", "meanwhile");
    hall.delete("deleted");
    for (let i = 0; i < 3_000; i++) hall.put(`added/${i}`, i);
    await pause();
    hall.put("changed", "meanwhile, again");
  });
  const witness = await tabs.openHideable("witness");
  await witness.evaluate(() => until(() => hall.get("changed") === "meanwhile, again"));
  assert.equal(await sleeps.evaluate(() => ticks), 0, "it did not sleep");

  await sleeps.send("Page.setWebLifecycleState", { state: "active" });
  await sleeps.evaluate(() => until(() => ticks > 0 && hall.get("changed") === "meanwhile, again"));
  const state = await tabs.untilSame();
  assert.equal(state.size, 3_001);
  assert.equal(state.has("deleted"), false);
  await sleeps.evaluate(() => hall.put("awake", true));
  await stays.evaluate(() => until(() => hall.has("awake")));
});
