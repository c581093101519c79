"""sw4rm-sdk's SharedContextManager: the operations that statehall's contexts have as well, each timed by itself.

`update` with the expected version is `replace`; `lock` and `unlock` are `acquire` and `release`, though nobody waits in
line, no lock ends by itself, and its own holder cannot write under it. It is called where it lives, in one thread.
Prints JSON: the version of the package, and the nanoseconds of each operation.
"""

import importlib.metadata
import json
import time

from sw4rm.shared_context import SharedContextManager

TURN = 500
TURNS_WARM = 8
TURNS = 20

contexts = SharedContextManager()
version = contexts.create("plan", {"step": 0, "status": "running"}).version


def replace():
    global version
    version = contexts.update("plan", {"step": version, "status": "running"}, version).version


def acquire_and_release():
    assert contexts.lock("plan", "planner")
    assert contexts.unlock("plan", "planner")


operations = {"replace": replace, "acquire and release": acquire_and_release}
times = {name: [] for name in operations}
for turn in range(TURNS_WARM + TURNS):
    for name, operation in operations.items():
        for _ in range(TURN):
            start = time.perf_counter_ns()
            operation()
            took = time.perf_counter_ns() - start
            if turn >= TURNS_WARM:
                times[name].append(took)

assert version == str(1 + TURN * (TURNS_WARM + TURNS))
print(json.dumps({"version": importlib.metadata.version("sw4rm-sdk"), "times": times}))
