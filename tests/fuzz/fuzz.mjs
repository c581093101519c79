/**
 * Fuzzes one target after another and packs what is worth keeping. Called by "make fuzz"; see README.md.
 *
 *     node tests/fuzz/fuzz.mjs <minutes> [target]
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const top = fileURLToPath(new URL("../..", import.meta.url));
const work = `${top}target/fuzz`;
const packed = (name) => `${top}tests/fuzz/corpora/${name}.txt`;
const unpacked = (name) => `${work}/corpus/${name}`;

/** The longest inputs: longer ones only take longer. */
const BYTES_MAX = { value: 4096, key: 4096, frame: 2048, message: 1024, snapshot: 1024, replicas: 600, variables: 600 };

const minutes = Number(process.argv[2]);
const names = process.argv[3] ? [process.argv[3]] : Object.keys(BYTES_MAX);
const unknown = names.find((name) => !(name in BYTES_MAX));
if (!(minutes > 0) || unknown) {
  console.error(
    unknown ? `There is no target ${unknown}; there are ${Object.keys(BYTES_MAX).join(", ")}.` : "How long?",
  );
  process.exit(1);
}

/** What is missing, and how one gets it. */
function missing() {
  const runs = (args) => spawnSync("cargo", args, { cwd: top }).status === 0;
  if (!runs(["+nightly", "--version"])) return "Rust nightly is missing: rustup toolchain install nightly";
  if (!runs(["fuzz", "--version"])) return "cargo-fuzz is missing: cargo install cargo-fuzz --locked --root .tools";
}

/** Calls cargo-fuzz; the answer has its status and what libFuzzer has said. */
function fuzz(command, name, args) {
  // The crate forbids unsafe code, so an address sanitizer would only halve the speed.
  const options = ["--fuzz-dir", "tests/fuzz", "--sanitizer", "none", "--target-dir", `${work}/build`];
  const all = ["+nightly", "fuzz", command, ...options, name, ...args];
  const { status, stderr } = spawnSync("cargo", all, { cwd: top, encoding: "utf8", maxBuffer: 1 << 30 });
  return { status, said: stderr };
}

function unpack(name) {
  mkdirSync(unpacked(name), { recursive: true });
  const lines = existsSync(packed(name)) ? readFileSync(packed(name), "utf8").split("\n") : [];
  for (const line of lines.filter((line) => line !== "" && !line.startsWith("#"))) {
    const bytes = Buffer.from(line, "hex");
    writeFileSync(`${unpacked(name)}/${createHash("sha1").update(bytes).digest("hex")}`, bytes);
  }
}

/** Keeps the shortest inputs that together reach all the code that all of them reach. */
function pack(name) {
  const least = `${work}/least/${name}`;
  rmSync(least, { recursive: true, force: true });
  mkdirSync(least, { recursive: true });
  const merged = fuzz("run", name, [least, unpacked(name), "--", "-merge=1", "-use_counters=0", "-rss_limit_mb=2048"]);
  if (merged.status !== 0) throw new Error(`the corpus of ${name} cannot be merged:\n${merged.said}`);
  const lines = readdirSync(least).map((file) => readFileSync(`${least}/${file}`).toString("hex"));
  lines.sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  const head = `# Inputs of the fuzz target ${name}, one a line, in hexadecimal. Written by "make fuzz".\n`;
  writeFileSync(
    packed(name),
    head +
      lines
        .filter((line) => line !== "")
        .map((line) => `${line}\n`)
        .join(""),
  );
  return lines.length;
}

const reason = missing();
if (reason) {
  console.log(`skipped: ${reason}`);
  process.exit(0);
}
for (const name of names) {
  console.log(`${name}: ${minutes} minutes`);
  unpack(name);
  mkdirSync(`${work}/artifacts`, { recursive: true });
  const prefix = `${work}/artifacts/${name}-`;
  const limits = [`-max_len=${BYTES_MAX[name]}`, "-rss_limit_mb=2048", "-timeout=20", `-artifact_prefix=${prefix}`];
  const time = `-max_total_time=${Math.ceil(minutes * 60)}`;
  const { status, said } = fuzz("run", name, [unpacked(name), "--", ...limits, time]);
  if (status !== 0) {
    console.error(said.split("\n").slice(-60).join("\n"));
    console.error(`${name}: the input is in ${work}/artifacts; tests/fuzz/README.md says how it becomes a fixture.`);
    process.exit(1);
  }
  console.log(said.split("\n").findLast((line) => line.includes("DONE")));
  console.log(`${name}: ${pack(name)} inputs are kept`);
}
