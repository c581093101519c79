/**
 * The values for people: JSON text, keys in order. Not an exchange format: bytes are base64 text, numbers that are not
 * finite are their names as text, large integers are written with all their digits.
 */

import type { Value } from "./contract.js";

/** The text for some keys and their values. */
export function exported(entries: readonly { readonly key: string; readonly value: Value | undefined }[]): string {
  const lines = entries.map(({ key, value }) => `  ${JSON.stringify(key)}: ${json(value as Value)}`);
  return lines.length > 0 ? `{\n${lines.join(",\n")}\n}` : "{}";
}

// Not `JSON.stringify`, which knows no large integers, and calls a member that is named "toJSON".
function json(value: Value): string {
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number" && !Number.isFinite(value)) return JSON.stringify(String(value));
  if (value instanceof Uint8Array) return JSON.stringify(base64(value));
  if (Array.isArray(value)) return `[${value.map(json).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}: ${json(member as Value)}`).join(", ")}}`;
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
