/**
 * The one error of the package: every mistake of a caller arrives as a `StatehallError`, and nothing else is thrown on
 * purpose. `code` is for programs and comes from a closed list; `detail` is for people and names the thing, the limit
 * and what was given.
 */

/** What went wrong, the same words in Rust and JavaScript. */
export type Code =
  | "invalid-key"
  | "invalid-selector"
  | "invalid-value"
  | "invalid-argument"
  | "limit"
  | "conflict"
  | "invalid-declaration"
  | "declaration-conflict"
  | "constraint-violation"
  | "callback-failed"
  | "closed"
  | "options-conflict"
  | "invalid-snapshot"
  | "newer-version"
  | "invalid-frame"
  | "peer-version"
  | "clock-ahead"
  | "session-taken"
  | "timeout"
  | "no-authority"
  | "not-initialized"
  | "unsupported"
  | "poisoned";

/** A refused command. It changed nothing. */
export class StatehallError extends Error {
  readonly code: Code;
  readonly detail: string;

  constructor(code: Code, detail: string, options?: ErrorOptions) {
    super(`${code}: ${detail}`, options);
    this.name = "StatehallError";
    this.code = code;
    this.detail = detail;
  }
}

/** Tells listeners of an error, or the platform if there are none. What a listener throws goes no further. */
export function tellOf(error: unknown, listeners: readonly ((error: unknown) => void)[]): void {
  const platform = typeof reportError === "function" ? reportError : console.error;
  for (const listener of listeners.length > 0 ? listeners : [platform]) {
    try {
      listener(error);
    } catch (failure) {
      console.error(failure);
    }
  }
}

/** Reads an error that crossed as `code: detail`. */
export function readError(text: string): StatehallError {
  const at = text.indexOf(": ");
  return new StatehallError(text.slice(0, at) as Code, text.slice(at + 2));
}
