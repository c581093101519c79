/** A table as text of Mermaid. */

import type { Value } from "../contract.js";
import type { Guard, Read, Rule, Source } from "./read.js";

/** What Mermaid would read as something else. */
const RESERVED = ["state", "note", "end", "direction", "class", "classDef", "style"];

/** The state diagram: states in the order of their names, rules in the order of the table. */
export function draw({ initial, states, rules }: Read): string {
  const names = [...states.keys()];
  const id = (name: string) =>
    /^\w*$/.test(name) && !RESERVED.includes(name) ? name : `s${Math.max(0, names.indexOf(name))}_`;
  const lines = ["stateDiagram-v2"];
  for (const name of names) if (id(name) !== name) lines.push(`    state "${escaped(name)}" as ${id(name)}`);
  lines.push(`    [*] --> ${id(initial)}`);
  for (const [name, row] of states) {
    for (const rule of [...row.rules, ...rules]) {
      const { next, repeat, stop } = rule;
      if (next === undefined && !repeat && stop === undefined) continue;
      const target = next !== undefined ? id(next) : repeat ? id(name) : "[*]";
      lines.push(`    ${id(name)} --> ${target}: ${escaped(label(rule))}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

/** The event, its content and the guards. */
function label({ on, is, when }: Rule): string {
  const guards = when.length > 0 ? ` [${when.map(guard).join(" and ")}]` : "";
  return on + (is === undefined ? "" : ` ${shown(is)}`) + guards;
}

function guard({ left, comparison, right }: Guard): string {
  return `${source(left)} ${comparison} ${source(right)}`;
}

function source(source: Source): string {
  if (source.of === "value") return shown(source.value);
  if (source.of === "event") return "event";
  return source.of === "data" ? source.name : `event.${source.name}`;
}

function shown(value: Value): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return `[${value.map(shown).join(", ")}]`;
  if (typeof value !== "object" || value === null) return String(value);
  const members = Object.entries(value as Readonly<Record<string, Value>>);
  return `{${members.map(([name, member]) => `${name}: ${shown(member)}`).join(", ")}}`;
}

/** What Mermaid takes as its own is written by its number; a comparison is not. */
function escaped(text: string): string {
  return text.replace(/["#;:{}%]|\p{Cc}/gu, (own) => `#${own.codePointAt(0)};`);
}
