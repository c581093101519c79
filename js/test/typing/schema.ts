/** What the types of a hall infer, and what they refuse. Compiled by `typing.test.js`, never run. */

import {
  type Adapter,
  type Change,
  type Changes,
  type Code,
  type Declaration,
  type Entry,
  type Hall,
  type Owner,
  openHall,
  type Since,
  StatehallError,
  type Stop,
  type Value,
  type Written,
} from "statehall";
import { exportVariables, importVariables } from "statehall/variables";

type Status = "idle" | "thinking" | { readonly done: number };
type Schema = {
  steps: number;
  title: string | null;
  seal: Uint8Array;
  [status: `agents/${string}/status`]: Status;
};

type Keys = keyof Schema;
type Any = Schema[Keys];

/** Fails to compile unless both are the same type. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_: Same<A, B>): void {}

const hall = openHall<Schema>({ name: "trip" });

// Values by their keys.
same<ReturnType<typeof hall.put>, Written>(true);
hall.put("steps", 1);
hall.put("title", null);
hall.put("agents/planner/status", "thinking");
hall.put("agents/planner/status", { done: 1 });
hall.put(["agents", "planner", "status"], "idle");
const planner = hall.owner("planner", { ttl: 1_000 });
same<typeof planner, Owner>(true);
hall.put("steps", 1, { owner: planner });
hall.watch("steps", () => {}, { owner: planner });
hall.watch("steps", () => {}, { owner: planner.signal })();
hall.end(planner) satisfies number;
hall.put("steps", 1, { expect: 0, ttl: 1_000, touch: true, metadata: { why: ["test"] } });

const steps = hall.get("steps");
same<typeof steps, number | undefined>(true);
const status = hall.get("agents/planner/status");
same<typeof status, Status | undefined>(true);
const bySegments = hall.get(["agents", "planner", "status"]);
same<typeof bySegments, Status | undefined>(true);
const single = hall.get(["steps"]);
same<typeof single, number | undefined>(true);

// Fallbacks.
const fallback = hall.get("steps", 0);
same<typeof fallback, number>(true);
const other = hall.get("steps", "none");
same<typeof other, number | "none">(true);
const nothing = hall.get("steps", null);
same<typeof nothing, number | null>(true);

// Updates.
const updated = hall.update("steps", 0, (n) => {
  same<typeof n, number>(true);
  return n + 1;
});
same<typeof updated, number>(true);
hall.update("agents/a/status", "idle", (old) => (old === "idle" ? "thinking" : old));

// Entries, maps and changes.
const entry = hall.entry("title");
same<typeof entry, Entry<string | null, Keys> | undefined>(true);
const map = hall.toMap("agents/**");
same<typeof map, Map<Keys, Any>>(true);
const keys = hall.keys("agents/**");
same<typeof keys, Keys[]>(true);
for (const key of keys) same<ReturnType<typeof hall.get<typeof key>>, Any | undefined>(true);
const since = hall.changes(0);
same<typeof since, Since<Any, Keys>>(true);
if (!since.compacted) same<(typeof since.changes)[0]["revision"], number>(true);
// @ts-expect-error: what is compacted has no changes
since.changes;

// Watches.
const stop = hall.watch("steps", (change) => {
  same<typeof change, Change<number, Keys>>(true);
  same<typeof change.value, number | undefined>(true);
  same<typeof change.old, number | undefined>(true);
});
same<typeof stop, Stop>(true);
hall.watch("agents/a/status", ({ value }) => same<typeof value, Status | undefined>(true), {
  filter: ({ value }) => value !== "idle",
  initial: true,
  once: true,
  owner: hall.as("planner"),
  signal: new AbortController().signal,
});
hall.watch("agents/a/status", ({ missed }) => same<typeof missed, number | undefined>(true), {
  filter: { becomes: ["thinking"], kind: "set", against: "delivered" },
  deliver: { every: 100 },
  capacity: 10,
  overflow: "drop-oldest",
});
const reached = hall.watchUntil("steps", (value) => value !== undefined && value > 3, { timeout: 1_000 });
same<typeof reached, Promise<Change<number, Keys>>>(true);
same<ReturnType<typeof hall.watches>[0]["lastError"], Error | undefined>(true);
hall.watch("agents/**", ({ value }) => same<typeof value, Any | undefined>(true));
hall.watch({ keys: ["steps", ["agents", "a", "status"]] }, async () => {});
const iterated = hall.watch("steps", { capacity: 10 });
same<typeof iterated, Changes<number, Keys>>(true);
async function iterate() {
  for await (const { value } of hall.watch("title")) same<typeof value, string | null | undefined>(true);
}

// Batches, handles, disposal.
const batched = hall.batch(() => hall.get("steps", 0));
same<typeof batched, number>(true);
same<ReturnType<typeof hall.as>, Hall<Schema>>(true);
hall[Symbol.dispose]();
stop[Symbol.dispose]();

// A hall without a schema holds any value under any key.
const open = openHall();
open.put("anything", { list: [1, null, 2n, new Uint8Array(1)], optional: undefined });
const anything = open.get("anything");
same<typeof anything, Value | undefined>(true);

// Adapters and errors are the user's to write and to read.
const adapter: Adapter = {
  open: ({ name, receive }) => receive(new Uint8Array(name.length)),
  send: () => {},
  close: () => {},
};
openHall({
  share: [adapter],
  limits: { entries: 5 },
  notify: false,
  seed: 1n,
  onError: (error) => void (error as StatehallError).code,
});
const code: Code = new StatehallError("limit", "why").code;

// A variable shows what its declaration says.
const warmth = open.variable("warmth", { type: "float", value: 0.7, min: 0, max: 2 });
same<typeof warmth.value, number>(true);
same<typeof warmth.key, "warmth">(true);
warmth.watch(
  ({ value, old, violation }) => {
    same<typeof value, number>(true);
    same<typeof old, number | undefined>(true);
    same<typeof violation, StatehallError | undefined>(true);
  },
  { filter: { delta: 0.1 } },
);
warmth.watch(() => {}, { filter: ({ value }) => value > 1 });
const mood = open.variable("mood", { type: "choice", choices: ["calm", "busy"] });
same<typeof mood.value, "calm" | "busy" | undefined>(true);
const fallen = mood.get("none");
same<typeof fallen, "calm" | "busy" | "none">(true);
const guessed = open.variable("guessed", { value: [1, 2] });
same<typeof guessed.value, readonly number[]>(true);
const title = open.variable("title", { value: "a", maxLength: 5 });
same<typeof title.value, string>(true);
const count = open.variable("steps", { type: "integer", value: 0 });
count.set(2n ** 60n);
same<ReturnType<typeof count.update>, number>(true);
count.update((value) => value + 1);
const raw = open.variable("raw", { type: "bytes" });
same<typeof raw.value, Uint8Array | undefined>(true);
open.setMany({ warmth: 1 });
open.setMany(new Map([["warmth", 1]]));
open.setMany([
  ["warmth", 1],
  [["a", "b"], "x"],
]);

// With a schema the variable is of the narrower of two types.
interface Plan {
  goal: string;
  steps: number[];
}
type Typed = {
  steps: number;
  large: number | bigint;
  title: string | null;
  mood: "calm" | "busy";
  plan: Plan;
  tags: string[];
  seal: Uint8Array;
  weights: number[];
  [status: `agents/${string}/status`]: Status;
};
const typed = openHall<Typed>();
const whole = typed.variable("steps", { type: "integer", value: 0 });
same<typeof whole.value, number>(true);
same<Parameters<typeof whole.set>[0], number>(true);
const large = typed.variable("large", { type: "integer" });
same<typeof large.value, number | undefined>(true);
same<Parameters<typeof large.set>[0], number | bigint>(true);
const named = typed.variable("title", { type: "text", value: "a" });
same<typeof named.value, string>(true);
const exactly = typed.variable("mood", { type: "text", value: "calm" });
same<typeof exactly.value, "calm" | "busy">(true);
const calm = typed.variable("mood", { type: "choice", choices: ["calm"] });
same<typeof calm.value, "calm" | undefined>(true);
const planned = typed.variable("plan", { type: "map", value: { goal: "x", steps: [1, 2] } });
same<typeof planned.value, Plan>(true);
const tagged = typed.variable("tags", { type: "list", value: ["a"] });
same<typeof tagged.value, string[]>(true);
const weights = typed.variable("weights", { value: [1, 2], dimensions: 2 });
same<typeof weights.value, readonly number[]>(true);
const seal = typed.variable("seal", { type: "any" });
same<typeof seal.value, Uint8Array | undefined>(true);
const told = typed.variable(["agents", "a", "status"], { type: "choice", choices: ["idle", "thinking"] });
same<typeof told.value, "idle" | "thinking" | undefined>(true);
const declaration: Declaration = { type: "integer" };
same<ReturnType<typeof typed.variable<"steps", typeof declaration>>["value"], number | undefined>(true);
typed.setMany({ steps: 1, "agents/a/status": "idle" });
typed.setMany([["steps", 1]]);
importVariables(typed, exportVariables(open));
async function iterateVariable() {
  for await (const { value, violation } of warmth.watch()) {
    same<typeof value, number>(true);
    same<typeof violation, StatehallError | undefined>(true);
  }
}

export { bySegments, code, iterate, iterateVariable, single };
