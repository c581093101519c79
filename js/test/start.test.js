/** The kernel starts with the first hall, so that an import never fails, and where it cannot start, opening says why. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Runs a program in a Node of its own, and returns what it prints. */
async function run(program, ...flags) {
  const args = [...flags, "--input-type=module", "--eval", program];
  const cwd = fileURLToPath(new URL(".", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd });
  return stdout.trim();
}

/** Opens a hall, and says which error that gave. */
const opening = `
  const { openHall, StatehallError } = await import("statehall");
  let caught;
  try { openHall(); } catch (error) { caught = error; }
  console.log(caught instanceof StatehallError, caught?.code, caught?.detail);
`;

test("importing compiles nothing, and halls share what the first one has compiled", async () => {
  const printed = await run(`
    let compiled = 0;
    const { Module } = WebAssembly;
    WebAssembly.Module = class extends Module {
      constructor(bytes) { super(bytes); compiled++; }
    };
    const { openHall } = await import("statehall");
    const before = compiled;
    openHall();
    openHall();
    console.log(before, compiled);
  `);
  assert.equal(printed, "0 1");
});

test("a platform without WebAssembly", async () => {
  assert.match(await run(opening, "--jitless"), /^true unsupported this platform has no WebAssembly/);
});

for (const [kind, error] of [
  ["as Chromium words it", "new WebAssembly.CompileError('Refused to compile')"],
  ["as an EvalError", "new EvalError('Refused to compile')"],
]) {
  test(`a policy that forbids WebAssembly, ${kind}`, async () => {
    const forbidding = `WebAssembly.Module = class { constructor() { throw ${error}; } };`;
    const printed = await run(forbidding + opening);
    assert.match(printed, /^true unsupported .*'wasm-unsafe-eval'.*Refused to compile/);
    // Whoever brings the kernel is told in the same way.
    const bringing = `await import("statehall/slim").then(({ initSync }) => initSync(new Uint8Array(8)))`;
    assert.equal(await run(`${forbidding} ${bringing}.catch(({ code }) => console.log(code))`), "unsupported");
  });
}

test("an error that has nothing to do with WebAssembly stays as it is", async () => {
  const program = `
    const { init } = await import("statehall/slim");
    await init(Promise.reject(new TypeError("no network"))).catch((error) => console.log(error.name, error.message));
  `;
  assert.equal(await run(program), "TypeError no network");
});
