/** A context as a plain record, as other programs and other faces of statehall exchange it. */

import type { ImportedContext, StoredContext, Value } from "../contract.js";
import { StatehallError } from "../error.js";

/** As a plain object with the members `context_id`, `version`, `data`, `locked_by`, `created_at` and `updated_at`. */
export function contextToValue<V = Value>(record: ImportedContext<V>): StoredContext<V> {
  const { id, version, data, lockedBy, createdAt, updatedAt } = record;
  return {
    context_id: id,
    version,
    data,
    locked_by: lockedBy ?? null,
    created_at: createdAt ?? null,
    updated_at: updatedAt ?? null,
  };
}

/**
 * From such an object. `context_id`, `version` and `data` must be there.
 *
 * Errors: `invalid-argument` with the member that is missing or of another kind.
 */
export function contextFromValue<V = Value>(value: unknown): ImportedContext<V> {
  const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
  const members = (isMap ? value : {}) as Record<string, unknown>;
  const member = (name: string) => (Object.hasOwn(members, name) ? members[name] : undefined);
  const text = (name: string) => {
    const given = member(name) ?? undefined;
    if (given !== undefined && typeof given !== "string") throw wrong(name, "a text");
    return given;
  };
  const time = (name: string) => {
    const given = text(name);
    if (given !== undefined && !isIso(given)) throw wrong(name, "a time like 2024-01-31T23:59:59.999Z");
    return given;
  };
  const [id, version, data] = [text("context_id"), member("version"), member("data")];
  if (!id) throw wrong("context_id", "a text");
  if (!Number.isSafeInteger(version) || (version as number) < 1) throw wrong("version", "a count from 1");
  if (data === undefined) throw wrong("data", "the document");
  return {
    id,
    version: version as number,
    data: data as V,
    lockedBy: text("locked_by"),
    createdAt: time("created_at"),
    updatedAt: time("updated_at"),
  };
}

function isIso(text: string): boolean {
  const ms = Date.parse(text);
  return ms >= 0 && new Date(ms).toISOString() === text;
}

function wrong(member: string, what: string): StatehallError {
  return new StatehallError("invalid-argument", `the member "${member}" of a context is ${what}`);
}
