/** The types of the installed package, as a user's compiler sees them. */

import { type Change, openHall, StatehallError } from "statehall";
import { init, openHall as openSlim } from "statehall/slim";

type Schema = { steps: number; [status: `agents/${string}/status`]: "idle" | "thinking" };

const hall = openHall<Schema>({ name: "trip", agent: "planner" });
hall.put("agents/planner/status", "thinking");
const steps: number | undefined = hall.get("steps");
const zero: number = hall.get("steps", 0);
const stop = hall.watch("agents/a/status", (change: Change<"idle" | "thinking">) => void change.value?.length);
stop();

// @ts-expect-error: the schema gives "steps" a number
hall.put("steps", "three");
// @ts-expect-error: the schema has no such key
hall.get("step");

const started: Promise<void> = init(new URL("https://example.com/statehall.wasm"));
const code: string = new StatehallError("limit", "too long").code;
export const all = [steps, zero, started, code, openSlim().get("anything")];
