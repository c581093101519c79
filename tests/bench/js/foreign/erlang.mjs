/** gen_statem beside the machines of store/machines.mjs, where Erlang is installed; see door.erl. */

import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { summary } from "../store/measure.mjs";

const source = fileURLToPath(new URL("door.erl", import.meta.url));
const folder = fileURLToPath(new URL("../../../../target/bench", import.meta.url));
const cases = { event: "an event", call: "a call and its answer" };

/** Compiles the program: `{ run }`, where each run gives rows and the version, or the `reason` why it cannot be run. */
export function genStatem() {
  mkdirSync(folder, { recursive: true });
  const compiled = spawnSync("erlc", ["-o", folder, source], { encoding: "utf8" });
  if (compiled.error) return { reason: "Erlang is missing" };
  if (compiled.status !== 0) return { reason: `erlc failed: ${compiled.stdout}${compiled.stderr}` };
  return { run };
}

function run() {
  const args = ["-noshell", "-pa", folder, "-s", "door", "main"];
  const { status, stdout, stderr } = spawnSync("erl", args, { encoding: "utf8", timeout: 60_000 });
  if (status !== 0) throw new Error(`the program in Erlang failed: ${stdout}${stderr}`);
  const said = stdout
    .trim()
    .split("\n")
    .map((line) => line.split(" "));
  const numbers = (word) => said.filter(([first]) => first === word).map(([, number]) => Number(number));
  const rows = Object.entries(cases).map(([word, name]) => ({
    table: "machine",
    case: name,
    subject: "gen_statem, Erlang",
    unit: "ns",
    ...summary(numbers(word)),
  }));
  return { rows, versions: { "Erlang/OTP": said.find(([first]) => first === "otp")[1] } };
}
