/** Halls for tests: a manual clock, a seed, errors collected, closed when the test ends. */

import assert from "node:assert/strict";
import { openHall, StatehallError } from "statehall";
import { ManualClock } from "./clock.js";

let opened = 0n;

/** A hall, its clock, and what was reported. Another realm has an `openHall` of its own. */
export function begin(t, options = {}, open = openHall) {
  const clock = new ManualClock();
  const errors = [];
  const hall = open({ clock, seed: ++opened, onError: (error) => errors.push(error), ...options });
  t.after(() => hall.close());
  return { hall, clock, errors };
}

/** Asserts that something is refused with a code, and with a detail if one is given; returns the error. */
export function refused(code, work, detail = /./) {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof StatehallError, `not a StatehallError: ${error?.stack ?? error}`);
    assert.equal(error.code, code, error.message);
    assert.match(error.detail, detail);
    return error;
  }
  assert.fail(`not refused; expected ${code}`);
}

/** What a watcher is told, without what the test does not ask about. */
export function heard(change) {
  return [change.key, change.old, change.value];
}

/** Everything that a command may change, to compare. */
export function stateOf(hall) {
  const entries = hall.keys().map((key) => hall.entry(key));
  return { entries, usage: hall.usage(), revision: hall.revision, watches: hall.watches() };
}

/** Names that plain objects have already. */
export const inherited = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "prototype", "toJSON"];
