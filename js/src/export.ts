/** The state for people: JSON text, keys in order. What JSON lacks is shown as text. Not an exchange format. */

import type { Entry } from "./contract.js";

export function exported(hall: string, revision: number, entries: readonly Entry[]): string {
  // Built member by member, because a key may be called "__proto__".
  const lines = entries.map(({ key, ...entry }) => `    ${JSON.stringify(key)}: ${JSON.stringify(entry, shown)}`);
  const body = lines.length > 0 ? `{\n${lines.join(",\n")}\n  }` : "{}";
  return `{\n  "hall": ${JSON.stringify(hall)},\n  "revision": ${revision},\n  "entries": ${body}\n}\n`;
}

function shown(_name: string, value: unknown): unknown {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (value instanceof Uint8Array) return `base64:${btoa(String.fromCharCode(...value))}`;
  return value;
}
