/** What every program here does with the package; the test compares what it returns. */
export function exercise({ openHall, StatehallError }) {
  const hall = openHall({ name: "trip", agent: "planner" });
  const heard = [];
  hall.watch("agents/*/status", ({ key, old, value, origin }) => heard.push({ key, old: old ?? null, value, origin }));
  hall.put("agents/planner/status", "thinking");
  hall.put(["agents", "a/b", "status"], { step: 1 });
  hall.put("agents/planner/status", "done");

  let refused;
  try {
    hall.put("agents/planner/status", () => {});
  } catch (error) {
    refused = error instanceof StatehallError && error.code;
  }
  // The hall stays open on purpose: that must keep no process alive.
  return {
    value: hall.get("agents/planner/status"),
    keys: hall.keys("agents/**"),
    heard,
    refused,
    sameHallForAll: openHall({ name: "trip" }).has("agents/planner/status"),
  };
}
