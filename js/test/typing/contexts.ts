/** What the types of contexts and leases infer, and what they refuse. Compiled by `typing.test.js`, never run. */

import {
  type ContextChange,
  type ContextChanges,
  contextFromValue,
  contextToValue,
  type ImportedContext,
  type Lease,
  type Leases,
  type NotAcquired,
  openHall,
  type Stop,
  type StoredContext,
} from "statehall";

/** Fails to compile unless both are the same type. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_: Same<A, B>): void {}

type Plan = { step: number };
const hall = openHall();
const plan = hall.context<Plan>("plan");

const stop = plan.watch((change) => same<typeof change, ContextChange<Plan>>(true), { initial: true });
same<typeof stop, Stop>(true);
const changes = plan.watch({ signal: AbortSignal.abort() });
same<typeof changes, ContextChanges<Plan>>(true);
async function use() {
  for await (const { value, version } of plan.watch()) {
    same<typeof value, Plan | undefined>(true);
    same<typeof version, number>(true);
  }
  const all = await hall.acquireAll(["plan", ["a", "b"]], { owner: "ann", signal: AbortSignal.abort() });
  same<typeof all, Leases>(true);
  same<typeof all.leases, readonly Lease[]>(true);
  const some = await hall.acquireAll(["plan"], { timeout: 5 });
  same<typeof some, Leases | NotAcquired>(true);
  const record = await plan.get();
  if (record) same<ReturnType<typeof contextToValue<Plan>>, StoredContext<Plan>>(true);
  const back = contextFromValue<Plan>({});
  same<typeof back, ImportedContext<Plan>>(true);
  contextToValue(back);
}
void use;

// @ts-expect-error: a watch of a context has no filter
plan.watch(() => {}, { filter: { delta: 1 } });
// @ts-expect-error: a list of keys
void hall.acquireAll("plan");
// @ts-expect-error: a value of another type
void plan.create({ step: "one" });
