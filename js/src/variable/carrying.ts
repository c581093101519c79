/**
 * Variables carried from one session to another: what is declared, and what is set.
 *
 * Apart from the hall, as `statehall/variables`, so that only who carries variables downloads it. The form is the same in
 * every face. What a variable does not show is not carried, so that whatever was exported can be imported. An import is
 * read as a whole before it changes anything; what the rules of declarations refuse then undoes the batch that it is.
 */

import { checkArgument } from "../check.js";
import type { Value } from "../contract.js";
import { StatehallError } from "../error.js";
import type { Hall } from "../handle.js";
import { keyText } from "../key.js";
import type { Session } from "../session.js";
import { isSame, measure, setMember } from "../value.js";
import type { ExportedVariable, ExportedVariables, Variable } from "./contract.js";
import type { Declared } from "./declared.js";

/** By how many objects a value of an export is deeper than where it is stored. */
const CARRIED_DEPTH = 3;

type Carried = ReadonlyMap<string, ExportedVariable>;
type Members = { readonly [member: string]: unknown };
/** Whatever its schema: keys are those of the export. */
type AnyHall = Pick<Hall, "session" | "put" | "delete" | "variables"> & {
  entry(key: string): { readonly metadata?: ExportedVariable["metadata"] } | undefined;
};

/**
 * All variables of a hall: how each is declared, and what is set and fits.
 *
 * Errors: `closed`.
 * Not promised: revisions, origins, times and times to live, which are not in it.
 */
export function exportVariables<S>(hall: Hall<S>): ExportedVariables {
  const { session, hall: any } = opened(hall);
  const variables: Record<string, Value> = {};
  for (const variable of any.variables())
    setMember(variables, variable.key, exported(any, variable) as unknown as Value);
  return { session: session.id, variables } as unknown as ExportedVariables;
}

function exported(hall: AnyHall, { key, declaration, isSet, violation, value }: Variable): ExportedVariable {
  if (!isSet || violation) return { declaration };
  const metadata = hall.entry(key)?.metadata;
  return metadata ? { declaration, value, metadata } : { declaration, value };
}

/**
 * Takes the variables of an export in place of those of this session, as one commit: each is then declared and set as it
 * was there; what is not among them is declared no more and deleted. Entries that are no variables stay.
 *
 * Shape:  constraints on changes say nothing of it.
 * Errors: `invalid-argument` for what is no export, with what it lacks, and inside a batch; `invalid-value`,
 *         `invalid-key`, `invalid-declaration`, `constraint-violation`, `limit`, mostly of a variable that the detail
 *         begins with; `closed`. Nothing has then changed.
 */
export function importVariables<S>(hall: Hall<S>, exported: ExportedVariables): void {
  const { session, hall: any } = opened(hall);
  if (session.journal) throw new StatehallError("invalid-argument", "variables are imported outside of batches");
  const carried = read(exported, session);
  hall.batch(() => replace(any, session, carried));
}

/** The session of a hall that is open. */
function opened(hall: unknown): { session: Session; hall: AnyHall } {
  const { session_: session, revision } = (hall ?? {}) as { session_?: Session; revision?: number };
  if (session === undefined || revision === undefined) throw refused("the hall", "is not one");
  return { session, hall: hall as AnyHall };
}

function replace(hall: AnyHall, session: Session, carried: Carried): void {
  const { declared } = session;
  const before = declared.all();
  try {
    // All that go go before any comes, so that there is room.
    const coming = [...carried].filter(([key, variable]) => !stays(session, key, variable));
    for (const { key } of before) {
      if (carried.has(key)) continue;
      hall.delete(key);
      undeclare(session, key);
    }
    for (const [key] of coming) of(key, () => hall.delete(key));
    for (const [key, { declaration }] of carried) of(key, () => redeclare(session, key, declaration));
    for (const [key, { value, metadata }] of coming) {
      if (value !== undefined) of(key, () => hall.put(key, value, { metadata }));
    }
  } catch (error) {
    // The batch puts back what was set, and not what was declared.
    for (const key of carried.keys()) undeclare(session, key);
    for (const one of before) declared.restore(one);
    throw error;
  }
}

/** Whether a variable is just as it is carried, as far as that can be said without asking the kernel. */
function stays(session: Session, key: string, { declaration, value, metadata }: ExportedVariable): boolean {
  const cell = session.find(key);
  const declared = cell?.declared as Declared | undefined;
  if (declared === undefined || cell?.value === undefined || cell.expires !== undefined) return false;
  const same = isSame(declared.declaration as Value, declaration as Value);
  return same && isSame(cell.value, value) && isSame(cell.metadata, metadata) && !declared.show(value).violation;
}

/** Declares a key; what is declared like that already stays as it is. */
function redeclare(session: Session, key: string, declaration: unknown): void {
  const { declared } = session;
  try {
    declared.declare(key, declaration);
  } catch (error) {
    if (!(error instanceof StatehallError) || error.code !== "declaration-conflict") throw error;
    undeclare(session, key);
    declared.declare(key, declaration);
  }
}

function undeclare(session: Session, key: string): void {
  session.declared.undeclare(key);
  session.settle();
}

/** Reads an export. Nothing is changed, whatever it is. */
function read(given: unknown, host: Session): Carried {
  const { limits } = host;
  measure(given, { ...limits, valueBytes: Infinity, valueDepth: limits.valueDepth + CARRIED_DEPTH });
  // A copy, because what is stored is frozen, and what is refused is to be left as it was.
  const { session, variables } = members(copied(given), "the export", ["session", "variables"]);
  const lacking = Object.entries({ session, variables }).filter(([, member]) => member === undefined);
  if (lacking.length > 0) throw refused("the export", `lacks ${lacking.map(([name]) => name).join(", ")}`);
  checkArgument("the export's session", session, "text");
  const carried = new Map<string, ExportedVariable>();
  for (const [key, variable] of Object.entries(members(variables, "variables"))) {
    of(key, () => {
      host.call((core) => core.check_key(keyText(key)));
      carried.set(key, one(variable));
    });
  }
  return carried;
}

function copied(given: unknown): unknown {
  try {
    return structuredClone(given);
  } catch (cause) {
    throw new StatehallError("invalid-value", "the export cannot be copied", { cause });
  }
}

function one(given: unknown): ExportedVariable {
  const variable = members(given, "a variable", ["declaration", "value", "metadata"]) as unknown as ExportedVariable;
  const { declaration, value, metadata } = variable;
  if (declaration === undefined) throw refused("a variable", "lacks declaration");
  if (metadata !== undefined && value === undefined)
    throw new StatehallError("invalid-value", "metadata are of a value");
  return variable;
}

/** The members of a plain object, if it has no others than those. */
function members(given: unknown, what: string, names?: readonly string[]): Members {
  const plain = typeof given === "object" && given !== null && !Array.isArray(given) && !ArrayBuffer.isView(given);
  if (!plain) throw refused(what, "is not a map");
  const other = names && Object.keys(given).find((name) => !names.includes(name));
  if (other !== undefined) throw refused(what, `has no member ${JSON.stringify(other)}`);
  return given as Members;
}

/** Does something about one variable, which an error then names. */
function of<T>(key: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof StatehallError)) throw error;
    // Which command of the batch it was says nothing to who imports.
    const cause = error.cause instanceof StatehallError && /^command \d+ /.test(error.detail) ? error.cause : error;
    throw new StatehallError(cause.code, `${JSON.stringify(key)}: ${cause.detail}`, { cause });
  }
}

function refused(what: string, why: string): StatehallError {
  return new StatehallError("invalid-argument", `${what}: ${why}`);
}
