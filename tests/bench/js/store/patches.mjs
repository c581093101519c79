/**
 * Changing one key of a document of 1 MB: `context.patch` in a hall that keeps contexts in memory, beside what AG-UI's
 * reference client does with a state delta: fast-json-patch, validating, on a structured clone, which it leaves as it is.
 *
 * What counts of statehall is until a watcher of the context has heard it; until the patch is answered is told apart.
 */

import { createRequire } from "node:module";
import { openBench } from "./hall.mjs";

const { applyPatch } = createRequire(import.meta.url)("fast-json-patch");

const named = (members, make) => Object.fromEntries(Array.from({ length: members }, (_, n) => [String(n), make(n)]));
const levels = (depth, leaf) => (depth === 0 ? leaf : named(32, () => levels(depth - 1, leaf)));

/** About 1 MB each: how it is called, how it is made, the path that is changed. */
export const documents = {
  "1,024 texts, 32 members a level": { make: () => levels(2, "x".repeat(900)), path: "/7/0" },
  "32,768 texts, 32 members a level": { make: () => levels(3, "x".repeat(22)), path: "/7/0/0" },
  "10,000 texts in one level": { make: () => named(10_000, () => "x".repeat(90)), path: "/7" },
};

/** Fewer than elsewhere: a clone of a megabyte takes milliseconds. */
const ROUNDS = 24;

const operation = (path, value) => [{ op: "replace", path, value }];
const at = (document, path) =>
  path
    .slice(1)
    .split("/")
    .reduce((value, name) => value[name], document);

async function opened(make) {
  const hall = await openBench();
  const context = hall.context("plan");
  const commit = await context.create(make());
  if (!commit.committed) throw new Error("the document is not created");
  return { hall, context };
}

/** Each patch is waited for. */
function committed({ make, path }) {
  return {
    name: "statehall, until the patch is answered",
    async open() {
      const { hall, context } = await opened(make);
      let n = 0;
      return {
        async run(turn) {
          for (const _ of turn) await context.patch(operation(path, `step ${++n}`));
        },
        // Reading a megabyte is no part of a patch, so it is read once, at the end.
        check() {},
        async close() {
          const { data } = await context.get();
          if (at(data, path) !== `step ${n}`) throw new Error("a patch has not happened");
          hall.close();
        },
      };
    },
  };
}

/** Until a watcher of the context has heard of it. */
function heard({ make, path }) {
  return {
    name: "statehall, until a watcher hears it",
    async open() {
      const { hall, context } = await opened(make);
      let hear = () => {};
      const stop = context.watch(() => hear());
      let n = 0;
      return {
        async run(turn) {
          for (const _ of turn) {
            const told = new Promise((resolve) => {
              hear = resolve;
            });
            const answered = context.patch(operation(path, `step ${++n}`));
            await told;
            if (!(await answered).committed) throw new Error("a patch has not happened");
          }
        },
        check() {},
        close() {
          stop();
          hall.close();
        },
      };
    },
  };
}

function cloning({ make, path }) {
  return {
    name: "fast-json-patch on a structuredClone, as AG-UI's client",
    open() {
      let state = make();
      let n = 0;
      return {
        run(turn) {
          for (const _ of turn) {
            state = applyPatch(structuredClone(state), operation(path, `step ${++n}`), true, false).newDocument;
          }
        },
        check() {
          if (at(state, path) !== `step ${n}`) throw new Error("a patch has not happened");
        },
      };
    },
  };
}

export const patches = Object.entries(documents).map(([name, document]) => ({
  table: "patch",
  name,
  keys: ["plan"],
  rounds: ROUNDS,
  subjects: () => [heard(document), committed(document), cloning(document)],
}));
