"""Two agents plan a trip in one hall, and the hall outlives the instance that holds it."""

import json
from pathlib import Path

from crossing import lift
from hall import Hall, HallError, Kernel, put
from wasmtime import Engine
from wasmtime.component import Component

# Compiling takes a good part of a second: once for the program. Instances are cheap.
engine = Engine()
path = Path(__file__).parents[2] / "target/component/statehall.component.wasm"
component = Component.from_file(engine, str(path))


def shown(value):
    return "absent" if value is None else json.dumps(lift(value), separators=(",", ":"))


def show(hall, watcher):
    """Prints what a watcher has to tell. Asking after each call of one's own misses nothing."""
    while watcher.id() in hall.ready():
        for change in watcher.take().changes:
            print(f"{change.key}: {shown(change.old)} -> {shown(change.value)}, says {change.origin}")


kernel = Kernel(engine, component)
with Hall.open(kernel, "trip", agent="planner") as planner, planner.as_agent("critic") as critic:
    with planner.watch("plan/*") as watcher:
        planner.put("plan/city", "Porto")
        show(planner, watcher)

        # All or nothing, and told once. A list or a map is one value.
        stops = [{"city": "Porto", "price": 79.5}, {"city": "Braga", "price": 62.25}]
        critic.batch([put("plan/days", 3), put("plan/stops", stops), put("agents/critic/status", "done")])
        show(planner, watcher)

    print("second stop:", planner.get("plan/stops")[1]["city"])
    print("hotel:", planner.get("plan/hotel", default="undecided"))

    # To come too late is an answer, a mistake is an exception.
    late = critic.put("plan/city", "Lisbon", expect=0)
    print("too late:", "yes" if late.conflict else "no")
    try:
        planner.put("plan//city", "Lisbon")
    except HallError as error:
        print("refused:", error.code)  # str(error) says why as well

    snapshot = planner.snapshot()

# Another instance goes on from the snapshot. After a trap this is the way back.
with Hall.open(Kernel(engine, component), "trip", agent="planner") as planner:
    planner.restore(snapshot)
    print("restored:", planner.get("plan/city"))
