/** Programs that must not compile: each line after a mark has a mistake, or the mark itself is one. */

import { openHall } from "statehall";
import { importVariables } from "statehall/variables";

type Schema = { steps: number; [status: `agents/${string}/status`]: "idle" | "thinking" };
const hall = openHall<Schema>();
const open = openHall();

// @ts-expect-error: no such key
hall.put("stepz", 1);
// @ts-expect-error: no such key
hall.get("agents/planner");
// @ts-expect-error: no such key
hall.has("other");
// @ts-expect-error: no such key
hall.delete("other");
// @ts-expect-error: a value of another type
hall.put("steps", "one");
// @ts-expect-error: a value of another type
hall.put("agents/a/status", "asleep");
// @ts-expect-error: a value of another type, by segments
hall.put(["agents", "a", "status"], 5);
// @ts-expect-error: another initial value
hall.update("steps", "zero", (n) => n);
// @ts-expect-error: another result
hall.update("steps", 0, (n) => `${n}`);
// @ts-expect-error: an update is not asynchronous
hall.update("steps", 0, async (n) => n);
// @ts-expect-error: the change of a number is not text
hall.watch("steps", ({ value }) => value?.toUpperCase());
// @ts-expect-error: a filter of something else
hall.watch("steps", () => {}, { filter: ({ value }) => value === "idle" });
// @ts-expect-error: a difference is a number
hall.watch("steps", () => {}, { filter: { delta: "1" } });
// @ts-expect-error: a delivery that there is not
hall.watch("steps", () => {}, { deliver: "later" });
// @ts-expect-error: a reader takes when it likes
hall.watch("steps", { deliver: "frame" });
// @ts-expect-error: a condition answers at once
hall.watchUntil("steps", async (value) => value === 3);

// @ts-expect-error: a function is not a value
open.put("a", () => {});
// @ts-expect-error: a date is not a value
open.put("a", new Date());
// @ts-expect-error: nor inside one
open.put("a", { list: [new Date()] });
// @ts-expect-error: a symbol is not a value
open.put("a", Symbol("a"));
// @ts-expect-error: undefined is not a value
open.put("a", undefined);
// @ts-expect-error: a map is not a value
open.put("a", new Map());
// @ts-expect-error: a key is text
open.put(5, 1);
// @ts-expect-error: segments are text
open.put(["a", 5], 1);

// @ts-expect-error: no such option
hall.put("steps", 1, { expects: 1 });
// @ts-expect-error: an option of another type
hall.put("steps", 1, { ttl: "1s" });
// @ts-expect-error: metadata are an object
hall.put("steps", 1, { metadata: "why" });
// @ts-expect-error: a delete has no time to live
hall.delete("steps", { ttl: 5 });
// @ts-expect-error: a capacity is a number
hall.watch("steps", () => {}, { capacity: "5", deliver: "frame" });
// @ts-expect-error: no such selector
hall.watch({ key: "steps" }, () => {});
// @ts-expect-error: no such owner
hall.watch("steps", () => {}, { owner: 5 });
// @ts-expect-error: no such option
openHall({ named: "trip" });
// @ts-expect-error: no such limit
openHall({ limits: { entires: 5 } });
// @ts-expect-error: an adapter has three functions
openHall({ share: [{ send() {} }] });
// @ts-expect-error: a clock has three functions
openHall({ clock: { now: () => 0 } });

// What is handed out is not to be changed.
// @ts-expect-error: read only
hall.limits.entries = 5;
const entry = hall.entry("steps");
// @ts-expect-error: read only
if (entry) entry.value = 5;
hall.watch("steps", (change) => {
  // @ts-expect-error: read only
  change.value = 5;
});

const warmth = open.variable("warmth", { type: "float", value: 0.7, min: 0, max: 2 });
const mood = open.variable("mood", { type: "choice", choices: ["calm", "busy"] });
// @ts-expect-error: a value of another type
warmth.set("hot");
// @ts-expect-error: not one of the choices
mood.set("bored");
// @ts-expect-error: without a default there may be nothing
mood.value.length;
// @ts-expect-error: a default of another type
open.variable("a", { type: "float", value: "0.7" });
// @ts-expect-error: no such type
open.variable("a", { type: "double" });
// @ts-expect-error: no such member
open.variable("a", { type: "float", maximum: 2 });
// @ts-expect-error: a member of another type
open.variable("a", { type: "boolean", max: 2 });
// @ts-expect-error: read only
warmth.value = 1;
// @ts-expect-error: no such key
hall.variable("stepz", { type: "integer" });
// @ts-expect-error: another result
warmth.update((value) => `${value}`);

type Typed = { steps: number; title: string | null; mood: "calm" | "busy"; plan: { goal: string }; weights: number[] };
const typed = openHall<Typed>();
// @ts-expect-error: the schema says a number
typed.variable("steps", { type: "text" });
// @ts-expect-error: the schema says a number, and the default suggests text
typed.variable("steps", { value: "one" });
// @ts-expect-error: the schema says a number, segments or not
typed.variable(["steps"], { type: "boolean" });
// @ts-expect-error: a default that the schema does not have
typed.variable("mood", { type: "text", value: "bored" });
// @ts-expect-error: a choice that the schema does not have
typed.variable("mood", { type: "choice", choices: ["calm", "bored"] });
// @ts-expect-error: a map is not text
typed.variable("title", { type: "map" });
// @ts-expect-error: a default that lacks a member
typed.variable("plan", { type: "map", value: { aim: "x" } });
// @ts-expect-error: a list of others
typed.variable("weights", { type: "list", value: ["a"] });
// @ts-expect-error: large whole numbers are not in the schema
typed.variable("steps", { type: "integer" }).set(5n);
// @ts-expect-error: nor as a default
typed.variable("steps", { type: "integer", value: 5n });
// @ts-expect-error: the schema says more than the declaration
typed.variable("mood", { type: "text" }).set("bored");
// @ts-expect-error: null is in the schema, and not declared
typed.variable("title", { type: "text" }).set(null);
// @ts-expect-error: a value of another type
typed.setMany({ steps: "one" });
// @ts-expect-error: no such key
typed.setMany({ stepz: 1 });
// @ts-expect-error: no such key
typed.setMany([["stepz", 1]]);
// @ts-expect-error: an export is of a session
importVariables(open, { variables: {} });
// @ts-expect-error: no such type
importVariables(open, { session: "00", variables: { k: { declaration: { type: "double" } } } });
