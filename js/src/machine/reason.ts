/** Why a machine has ended, as errors. */

import { StatehallError } from "../error.js";
import type { Reason } from "./contract.js";
import type { Process } from "./process.js";

/** The error for whoever still wants something of a machine that has ended. */
export function gone(process: Process): StatehallError {
  const { shown_: shown, reason } = process;
  if (reason?.term instanceof StatehallError && reason.term.code === "poisoned") return reason.term;
  return new StatehallError("closed", `${shown} has ended: ${wordsOf(reason ?? { name: "killed" })}`);
}

/** The error for whoever is told of failures. */
export function failure(process: Process, reason: Reason): StatehallError {
  const detail = `${process.shown_} has ended: ${wordsOf(reason)}`;
  return new StatehallError("callback-failed", detail, { cause: reason.term });
}

function wordsOf({ name, term }: Reason): string {
  if (term instanceof Promise) return `${name}: a promise, but functions are synchronous`;
  if (term instanceof Error) return `${name}: ${term.message}`;
  return typeof term === "string" || typeof term === "number" ? `${name}: ${term}` : name;
}
