/** Two agents plan a trip in one hall, and the hall outlives the instance that holds it. */

import { readFile } from "node:fs/promises";
import { decode, encode } from "cborg";
import { instantiate } from "./dist/statehall.js";

/** Compiles one of the modules that jco has taken out of the component; a browser would fetch it. */
const compile = async (path) => WebAssembly.compile(await readFile(new URL(`dist/${path}`, import.meta.url)));

const unixMs = () => BigInt(Date.now());
const now = () => ({ unixMs: unixMs(), monotonicMs: BigInt(Math.floor(performance.now())) });
const [seed, anotherSeed] = crypto.getRandomValues(new BigUint64Array(2));
const options = { name: "trip", agent: "planner", limits: [], notify: true, share: false };

/** A list or map in the one encoding that it has: cborg's own, but floats always have 64 bits. */
const cbor = (value) => ({ tag: "cbor", val: encode(value, { float64: true }) });
const text = (val) => ({ tag: "text", val });
const integer = (number) => ({ tag: "integer", val: BigInt(number) });

/** A value as people read it. */
function shown(value) {
  if (value === undefined) return "absent";
  if (value.tag === "integer") return String(value.val); // a bigint, which JSON does not know
  return JSON.stringify(value.tag === "cbor" ? decode(value.val) : value.val);
}

const { state, watchers } = await instantiate(compile, {});
const planner = state.Hall.open({ ...options, seed }, now());
const critic = planner.asAgent("critic");
const watcher = watchers.watch(planner, text("plan/*"), { initial: false });

/** Prints what the watcher has to tell. Asking after each call of one's own misses nothing. */
function show() {
  while (watchers.ready(planner, 1024).includes(watcher.id())) {
    for (const { key, old, value, origin } of watcher.take(1024).changes) {
      console.log(`${key}: ${shown(old)} -> ${shown(value)}, says ${origin}`);
    }
  }
}

planner.put("plan/city", text("Porto"), unixMs());
show();

// All or nothing, and told once. A list or a map is one value.
const stops = [
  { city: "Porto", price: 79.5 },
  { city: "Braga", price: 62.25 },
];
const writes = { "plan/days": integer(3), "plan/stops": cbor(stops), "agents/critic/status": text("done") };
const commands = Object.entries(writes).map(([key, value]) => ({ tag: "put", val: { key, value } }));
critic.batch(commands, unixMs());
show();

console.log("second stop:", decode(planner.get("plan/stops").val)[1].city);
console.log("hotel:", planner.get("plan/hotel")?.val ?? "undecided");

// To come too late is an answer, a mistake is an exception, and its payload says which.
const late = critic.putWith("plan/city", text("Lisbon"), { expect: 0n, touch: false }, unixMs());
console.log("too late:", late.conflict ? "yes" : "no");
try {
  planner.put("plan//city", text("Lisbon"), unixMs());
} catch (error) {
  console.log("refused:", error.payload.code); // error.payload.detail says why
}

const snapshot = planner.snapshot();

// Handles live in the component until they are disposed of; "using" does it where JavaScript has it (not in Node 20).
for (const handle of [watcher, critic, planner]) handle[Symbol.dispose]();

// Another instance goes on from the snapshot. After a trap this is the way back.
const another = await instantiate(compile, {});
const restored = another.state.Hall.open({ ...options, seed: anotherSeed }, now());
restored.restore(snapshot, now());
console.log("restored:", restored.get("plan/city").val);
restored[Symbol.dispose]();
