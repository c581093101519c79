/** Random scripts: the package sees what Erlang's gen_statem has recorded of them, as Rust does. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { cases, run } from "./traces.js";

const read = (name) => readFileSync(new URL(`../../../tests/machine/oracle/${name}`, import.meta.url), "utf8");
const recorded = read("recorded.txt")
  .split(/^== .*\n/m)
  .slice(1);

/** As Erlang writes a line: no offending term, and no word about the end. */
function plain(line) {
  const words = line.split(" ");
  if (words[0] === "ended") return [];
  if (words[0] !== "terminate") return [line];
  const name = words[1] === "failed" ? words[2] : words[1];
  return [`terminate ${name} in ${words.at(-1)}`];
}

test("a hundred random scripts", async (t) => {
  const scripts = cases(read("scripts.txt"));
  assert.equal(scripts.length, 100);
  for (const [seed, script] of scripts.entries()) {
    const seen = await run(t, script, script.only === true);
    const lines = seen.flatMap(plain).map((line) => `${line}\n`);
    assert.equal(lines.join(""), recorded[seed], `the script of seed ${seed}`);
  }
});
