/**
 * Builds the npm package into dist:
 *
 *     node build.mjs           everything
 *     node build.mjs kernel    only the kernel: Rust to WebAssembly, by wasm-pack, into ../target/wasm-pack
 *     node build.mjs component only the same kernel as a WebAssembly component, into ../target/component
 *     node build.mjs empty     only the component that the bench compares it with, beside it
 *     node build.mjs package   only the package around a kernel and a component that are already there
 *
 * wasm-pack runs once. What it makes, and TypeScript's output file by file, is the package: every entry starts the same
 * glue (dist/core.js) with the kernel from a different place. See `exports` in package.json.
 */

import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import binaryen from "binaryen";

const js = fileURLToPath(new URL(".", import.meta.url));
const root = join(js, "..");
const kernel = join(root, "target/wasm-pack");
const component = join(root, "target/component"); // of its own: the same crate with another feature
const dist = join(js, "dist");
const bin = join(js, "node_modules/.bin");

/** Changes to the glue that wasm-bindgen has no option for. Each must match exactly once, or the build fails. */
const patches = [
  {
    why: "leave out its class, for which src/crossing.ts stands",
    find: /\/\*\*\n \* One kernel of references\.\n \*\/\nexport class Core \{[\s\S]*\nif \(Symbol\.dispose\) Core.*\n/,
    replace: "",
  },
  {
    why: "leave out what frees objects of the class",
    find: /const CoreFinalization = [\s\S]*?\n *: new FinalizationRegistry\(.*\n/,
    replace: "",
  },
  {
    why: "leave out what passes bytes and text to methods of the class",
    find: /function passArray8ToWasm0[\s\S]*\nfunction passStringToWasm0[\s\S]*?\n\}\n/,
    replace: "",
  },
  {
    why: "leave out the encoder of text",
    find: /const cachedTextEncoder = [\s\S]*\nlet WASM_VECTOR_LEN = 0;\n/,
    replace: "",
  },
  {
    // What is left to decode is short: a session's facts. The glue counts bytes against an error of old Safaris.
    why: "decode text without counting it",
    find: /let cachedTextDecoder = [\s\S]*\nfunction decodeText[\s\S]*?\n\}\n/,
    replace: `const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const decodeText = (bytes) => decoder.decode(bytes);
`,
  },
  {
    why: "export how to start, and to start over after a trap",
    find: /export \{ initSync, __wbg_init as default \};/,
    replace: `export { initSync, __wbg_init as default };

export function instantiate(module = wasmModule) {
    __wbg_finalize_init(new WebAssembly.Instance(module, __wbg_get_imports()), module);
}

export const instance = () => wasm;
`,
  },
];

const patchTypes = `
/** Makes an instance of a module; without one, another instance of the module there is. Objects of the old one are lost. */
export function instantiate(module?: WebAssembly.Module): void;
/** What the instance exports; nothing if there is none yet. */
export function instance(): InitOutput | undefined;
`;

/**
 * Functions that panic and never return, by their demangled names. What JavaScript sees of a panic is a trap; its message
 * is shown nowhere, yet making it would be a twentieth of the kernel.
 */
const panics = new RegExp(
  [
    "^core(\\[\\w+\\])?::panicking::",
    "::(option|result)::(unwrap|expect)_failed",
    "::(slice_index|slice_error|len_mismatch)_fail\\b",
    "::(cell::panic_already|smallsort::panic_on_ord_violation)",
    "::raw_vec::(capacity_overflow|handle_error)",
    "::alloc::handle_alloc_error",
    "::\\w+::assert_failed$",
    "^std(\\[\\w+\\])?::panicking::panic_with_hook$",
  ].join("|"),
);

/**
 * What formats. Only panics do, so nothing of it is ever called; tables of functions hold it all the same. Sentences are
 * put together of parts instead (`Error::of` in src/error.rs), because the machinery weighs more than all of them.
 */
const formats = /\bas core(\[\w+\])?::fmt::\w+>::|::panic_handler::/;
const formatting = /\(call \$"?(core(\[\w+\])?::fmt::write|alloc(\[\w+\])?::fmt::format)\b/;

function run(program, args, options) {
  try {
    execFileSync(program, args, { cwd: js, stdio: "inherit", ...options });
  } catch (error) {
    fail(error.code === "ENOENT" ? `${program} is missing: "make build" installs it` : `${program} failed, see above`);
  }
}

function fail(message) {
  console.error(`build: ${message}`);
  process.exit(1);
}

/** The environment of cargo. */
function environment(more = []) {
  const cargoHome = process.env.CARGO_HOME ?? join(homedir(), ".cargo");
  // Panic messages hold file names: these make them the same on every machine.
  const sources = join(cargoHome, "registry/src");
  const crates = existsSync(sources) ? readdirSync(sources).map((registry) => [join(sources, registry), "crates"]) : [];
  const flags = [[root, "."], [cargoHome, "cargo"], ...crates].map(([from, to]) => `--remap-path-prefix=${from}=${to}`);
  return {
    ...process.env,
    CARGO_ENCODED_RUSTFLAGS: [...flags, ...more].join("\x1f"),
    PATH: bin + delimiter + process.env.PATH, // for wasm-opt, from the npm package binaryen
  };
}

function buildKernel() {
  console.log("build: compiling the kernel with wasm-pack");
  // Inlining less, and unrolling no loops, makes the kernel a seventh smaller when gzipped, and a put no slower.
  const less = ["-inline-threshold=20", "-unroll-threshold=0", "-unroll-runtime=false"];
  const env = environment(less.map((option) => `-Cllvm-args=${option}`));
  const args = ["--quiet", "build", root, "--profile", "wasm", "--target", "web", "--no-pack", "--no-gitignore"];
  run("wasm-pack", [...args, "--out-dir", kernel, "--out-name", "core", "--features", "js"], { env });
  const file = join(kernel, "core_bg.wasm");
  trapAtOnce(file);
  // Nothing is at the lowest addresses, where the stack ends; the memory is the module's own, so it begins as zeros.
  const known = ["--low-memory-unused", "--zero-filled-memory"];
  const bare = ["--strip-debug", "--strip-producers", "--strip-target-features"];
  run("wasm-opt", ["-O3", ...known, ...bare, file, "--output", file], { env });
}

/** Makes panics trap without a message, and fails if anything else formats. The optimiser then removes what only made messages, and nothing says where. */
function trapAtOnce(file) {
  const module = binaryen.readBinary(readFileSync(file));
  const functions = Array.from({ length: module.getNumFunctions() }, (_, i) => module.getFunctionByIndex(i));
  for (const what of [panics, formats]) {
    const found = functions.filter((each) => what.test(binaryen.getFunctionInfo(each).name));
    if (found.length === 0) fail(`found no function like ${what}: are their names kept?`);
    for (const each of found) binaryen.Function.setBody(each, module.unreachable());
  }
  module.runPasses(["remove-unused-module-elements"]);
  if (formatting.test(module.emitText())) fail("something formats with format! or to_string(): see Error::of");
  writeFileSync(file, withoutPlaces(module));
}

/** The places in the source of which panics would have told: 16 bytes each, a file's name, its length, line and column. */
function withoutPlaces(module) {
  const whole = Buffer.from(module.emitBinary());
  const segments = Array.from({ length: module.getNumDataSegments() }, (_, i) => {
    const { offset, data } = module.getDataSegmentInfo(module.getDataSegmentByIndex(i));
    const start = whole.indexOf(Buffer.from(data));
    return { offset, bytes: whole.subarray(start, start + data.byteLength) };
  });
  const textAt = (address, length) => {
    const found = segments.find(({ offset, bytes }) => address >= offset && address + length <= offset + bytes.length);
    return found?.bytes.subarray(address - found.offset, address - found.offset + length);
  };
  let count = 0;
  const names = new Set();
  for (const { bytes } of segments) {
    for (let at = 0; at + 16 <= bytes.length; at += 4) {
      const [address, length, line, column] = [0, 4, 8, 12].map((more) => bytes.readUInt32LE(at + more));
      if (length > 256 || line === 0 || line > 1e5 || column === 0 || column > 1e3) continue;
      const name = textAt(address, length);
      if (!/^[\w+./-]+\/[\w.-]+\.rs$/.test(name?.toString("latin1") ?? "")) continue;
      names.add(name);
      bytes.fill(0, at, at + 16);
      count++;
    }
  }
  if (count === 0) fail("found no places of panics: is their layout another one?");
  for (const name of names) name.fill(0);
  return whole;
}

function buildComponent() {
  console.log("build: compiling the component");
  compileComponent("statehall", "statehall", ["--features", "component"]);
}

/** What the bench compares calls of the component with. */
function buildEmpty() {
  console.log("build: compiling the empty component");
  compileComponent("statehall-bench-empty", "empty");
}

function compileComponent(crate, name, features = []) {
  const env = environment();
  const target = "wasm32-unknown-unknown";
  const args = ["build", "--quiet", "--release", "--lib", "--target", target, "--target-dir", component];
  run("cargo", [...args, "--package", crate, ...features], { cwd: root, env });
  // wasm-opt reads no components, so it comes first.
  const core = join(component, target, "release", `${crate.replaceAll("-", "_")}.wasm`);
  const [small, whole] = [join(component, `${name}.small.wasm`), join(component, `${name}.whole.wasm`)];
  run("wasm-opt", ["-O3", "--strip-debug", core, "--output", small], { env });
  run("wasm-tools", ["component", "new", small, "--output", whole], { env });
  run("wasm-tools", ["strip", "--all", whole, "--output", join(component, `${name}.component.wasm`)], { env });
}

function patched(glue) {
  return patches.reduce((text, { why, find, replace }) => {
    const found = text.match(new RegExp(find, "g"))?.length ?? 0;
    if (found !== 1) fail(`cannot patch the glue to ${why}: found ${found} times, not once:\n${find}`);
    return text.replace(find, () => replace);
  }, glue);
}

function patchedTypes(types) {
  return types.replace(/export class Core \{[\s\S]*?\n\}\n/, "") + patchTypes;
}

function buildPackage() {
  console.log("build: writing the package");
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist);
  copyFileSync(join(kernel, "core_bg.wasm"), join(dist, "core_bg.wasm"));
  copyFileSync(join(component, "statehall.component.wasm"), join(dist, "statehall.component.wasm"));
  writeFileSync(join(dist, "core.js"), patched(readFileSync(join(kernel, "core.js"), "utf8")));
  writeFileSync(join(dist, "core.d.ts"), patchedTypes(readFileSync(join(kernel, "core.d.ts"), "utf8")));
  const base64 = readFileSync(join(kernel, "core_bg.wasm"), "base64");
  writeFileSync(join(dist, "core_base64.js"), `export const base64 = "${base64}";\n`);
  writeFileSync(join(dist, "core_base64.d.ts"), "export const base64: string;\n");
  run(join(bin, "tsc"), ["--project", join(js, "tsconfig.json")]);
}

const steps = {
  kernel: [buildKernel],
  component: [buildComponent],
  empty: [buildEmpty],
  package: [buildPackage],
  all: [buildKernel, buildComponent, buildPackage],
};
const chosen = steps[process.argv[2] ?? "all"];
if (!chosen) fail(`"${process.argv[2]}" is no step: kernel, component, empty, package or nothing`);
for (const step of chosen) step();
