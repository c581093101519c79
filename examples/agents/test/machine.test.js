/** The readers as state machines: in a hall of this process, and as the page shows them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { inBrowser, PROSE, pace, type, until, untilDone } from "./browser.js";
import { load } from "./modules.js";

const [{ room, writeDocument, documentIn }, { declare }, { startReader }] = await load(
  "hall.ts",
  "variables.ts",
  "reader.ts",
);

let rooms = 0;
/** Runs a test in a hall of its own, with what it shows of a reader. */
async function inHall(run) {
  const hall = room(`machine-${process.pid}-${++rooms}`, "figures");
  try {
    await hall.ready;
    const variables = declare(hall);
    const findings = () => [...hall.toMap("findings/*/figures/*").values()].map(({ label }) => label).sort();
    await run({ hall, variables, findings, start: () => startReader(hall, variables, "figures") });
  } finally {
    hall.close();
  }
}

/** Resolves when the machine has come to a state. */
const reaches = (machine, wanted) =>
  new Promise((resolve, reject) => {
    if (machine.state === wanted) return resolve();
    const late = setTimeout(() => reject(new Error(`${machine.state}, not ${wanted}`)), 5000);
    const stop = machine.watch((state) => {
      if (state !== wanted) return;
      clearTimeout(late);
      stop();
      resolve();
    });
  });

test("a reader waits and works by turns until it is done, and its state stands in the hall", () =>
  inHall(async ({ hall, variables, findings, start }) => {
    writeDocument(hall, PROSE);
    const states = [];
    hall.watch("processes/figures", ({ value }) => states.push(value));
    const machine = start();
    assert.equal(machine.state, "waiting");
    assert.deepEqual(
      machine.timers().map(({ type }) => type),
      ["stateTimeout"],
    );
    assert.equal(variables.agents.figures.status.value, "working");
    await reaches(machine, "done");
    assert.deepEqual(states, ["waiting", "working", "waiting", "working", "waiting", "working", "done"]);
    assert.equal(variables.agents.figures.status.value, "done");
    assert.deepEqual(findings(), ["$4.2 million", "12.5%", "3 May 1999", "March 2021", "twenty years"].sort());
    writeDocument(hall, " ");
    assert.equal(machine.state, "idle");
    assert.equal(variables.agents.figures.status.value, "idle");
    await machine.stop();
    assert.equal(hall.has("processes/figures"), false);
  }));

test("an edit that arrives while a passage is read is postponed, and then read from the start", () =>
  inHall(async ({ hall, variables, findings, start }) => {
    assert.equal(variables.pace.value, "brisk");
    writeDocument(hall, PROSE);
    const machine = start();
    await reaches(machine, "working");
    writeDocument(hall, "It cost $7.");
    assert.equal(machine.state, "working");
    // The text and its generation are two keys.
    assert.deepEqual(
      machine.postponed().map(({ type, content }) => `${type} ${content}`),
      ["cast edit", "cast edit"],
    );
    await reaches(machine, "waiting");
    assert.deepEqual(machine.postponed(), []);
    assert.equal(machine.data.generation, documentIn(hall).generation);
    await reaches(machine, "done");
    assert.deepEqual(findings(), ["$7"]);
  }));

test("a reader that is stopped in a pause goes on with what is left of it", () =>
  inHall(async ({ hall, variables, findings, start }) => {
    variables.pace.set("slow");
    writeDocument(hall, PROSE);
    const first = start();
    await reaches(first, "working");
    await reaches(first, "waiting");
    await new Promise((resolve) => setTimeout(resolve, 300));
    first.kill();
    variables.pace.set("none");
    const second = start();
    assert.deepEqual(second.data, { generation: documentIn(hall).generation, done: 1 });
    const left = second.timers()[0].remaining;
    assert.ok(left > 100 && left <= 400, `${left} ms`);
    assert.equal(second.state, "waiting");
    await reaches(second, "done");
    assert.equal(findings().length, 5);
    assert.equal(hall.has("agents/figures/kept"), false);
  }));

test("what was kept is passed over if it is of another text, or somebody has read on since", () =>
  inHall(async ({ hall, variables, start }) => {
    variables.pace.set("slow");
    writeDocument(hall, PROSE);
    const first = start();
    await reaches(first, "working");
    const kept = hall.get("agents/figures/kept");
    await reaches(first, "waiting");
    first.kill();
    hall.put("agents/figures/kept", kept);
    const second = start();
    assert.equal(second.data.done, 1);
    second.kill();
    hall.put("agents/figures/kept", { statehall: "machine", state: "waiting" });
    writeDocument(hall, "It cost $7.");
    const third = start();
    assert.deepEqual(third.data, { generation: documentIn(hall).generation, done: 0 });
  }));

test("a reader that cannot go on ends its machine, which says why", () =>
  inHall(async ({ hall, start }) => {
    writeDocument(hall, PROSE);
    const machine = start();
    await reaches(machine, "working");
    hall.variable("agents/figures/progress", { type: "text", value: "" });
    const { term } = await machine.done;
    assert.equal(term.code, "constraint-violation");
    assert.equal(machine.data.done, 0);
    assert.equal(hall.keys("findings/**").length, 0);
  }));

inBrowser("the page follows the machines, in every tab", async ({ open }) => {
  const first = await open();
  await untilDone(first);
  const second = await open();
  await until(second, () => hall.get("processes/figures") === "done");
  for (const page of [first, second])
    await page.locator("[data-agent=figures] .machine").getByText("machine: done", { exact: true }).waitFor();
  await second.evaluate(() => {
    globalThis.states = [];
    hall.watch("processes/figures", ({ value }) => states.push(value));
  });
  await pace(first, "slow");
  await type(first, PROSE);
  await second.locator("[data-agent=figures] .machine").getByText("machine: waiting", { exact: true }).waitFor();
  await untilDone(second);
  assert.deepEqual(await second.evaluate(() => states), [
    "waiting",
    "working",
    "waiting",
    "working",
    "waiting",
    "working",
    "done",
  ]);
  await second.getByRole("button", { name: "Stop figures" }).click();
  await until(second, () => !hall.has("processes/figures"));
  await until(first, () => document.querySelector("[data-agent=figures] .machine").textContent === "");
});

inBrowser(
  "the only tab takes the room along when it is reloaded, and its readers go on where they were",
  async (at) => {
    const page = await at.open();
    await pace(page, "slow");
    await type(page, PROSE);
    await until(page, () => hall.get("agents/figures/kept")?.data.done === 2);
    const generation = await page.evaluate(() => hall.get("document/generation"));
    await page.addInitScript(() => {
      globalThis.steps = [];
      addEventListener("DOMContentLoaded", () => {
        globalThis.hall?.watch("agents/figures/progress", ({ value }) => steps.push(value.done));
      });
    });
    await page.reload();
    await until(page, () => globalThis.hall?.has("document/generation"));
    assert.equal(await page.evaluate(() => hall.get("document/generation")), generation);
    assert.equal(await page.getByRole("radio", { name: "slow" }).isChecked(), true);
    await untilDone(page);
    const steps = await page.evaluate(() => globalThis.steps);
    assert.ok(steps.length > 0 && steps.every((step) => step >= 2), steps.join());
    assert.equal(await page.evaluate(() => hall.keys("findings/*/figures/*").length), 5);
    // Another tab has the room: what this one has kept counts no more.
    const other = await at.open();
    await page.goto("about:blank");
    await type(other, "Written meanwhile: 8 words.");
    await page.goBack({ waitUntil: "commit" });
    await until(page, () => globalThis.hall?.get("document/text") === "Written meanwhile: 8 words.");
  },
);
