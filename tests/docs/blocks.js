/**
 * The code blocks of the documents, and of the documentation comments in js/src.
 *
 * An HTML comment on the line above a block says what is special about it: `<!-- not run: reason -->`.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const top = fileURLToPath(new URL("../..", import.meta.url));

/** The documents: paths from the top. */
export function documents() {
  const examples = readdirSync(join(top, "examples"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const readmes = examples.map(({ name }) => `examples/${name}/README.md`);
  return ["README.md", "tests/transcripts/README.md", ...readmes];
}

/** The TypeScript sources of the package: paths from the top. */
export function typescript() {
  const entries = readdirSync(join(top, "js/src"), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith(".ts"));
  return files.map((file) => relative(top, join(file.parentPath ?? file.path, file.name)));
}

export function read(path) {
  return readFileSync(join(top, path), "utf8");
}

/** The blocks of a document: language, code, where it begins, and why it is not run, if it is not. */
export function blocks(path) {
  const found = [];
  let open;
  let above = "";
  for (const [index, line] of linesOf(path)) {
    if (open === undefined && line.startsWith("```")) {
      const reason = /^<!-- not run: (.+) -->$/.exec(above.trim())?.[1];
      open = { path, line: index + 1, language: line.slice(3).trim(), code: "", reason };
    } else if (open && line.startsWith("```")) {
      found.push(open);
      open = undefined;
    } else if (open) open.code += `${line}\n`;
    above = line;
  }
  if (open) throw new Error(`${path}:${open.line}: the block is never closed`);
  return found;
}

/** The lines of a document; of a program, those of its documentation comments without their stars. */
function linesOf(path) {
  const lines = [...read(path).split("\n").entries()];
  if (path.endsWith(".md")) return lines;
  return lines
    .filter(([, line]) => /^\s*\*( |$)/.test(line))
    .map(([index, line]) => [index, line.replace(/^\s*\* ?/, "")]);
}
