/** statehall as a subject: see atoms.mjs for what that is. The package is the built one, entered as Node enters it. */

import { readFileSync } from "node:fs";

const js = new URL("../../../../js/", import.meta.url);
const { exports } = JSON.parse(readFileSync(new URL("package.json", js), "utf8"));
const { openHall } = await import(new URL(exports["."].node ?? exports["."].default, js));

/** Moves nothing: whoever shares over this does everything but the sending. */
export const nowhere = () => [{ open() {}, send() {}, close() {} }];

export async function openBench(options = {}) {
  const hall = openHall({ name: "bench", agent: "planner", ...options });
  await hall.ready;
  return hall;
}

const hall = (name, options) => ({
  name,
  async open({ keys, watchers, tally, make }) {
    const hall = await openBench(options());
    for (const key of keys) hall.put(key, make(0));
    for (const key of keys) {
      for (let i = 0; i < watchers; i++) {
        hall.watch(key, ({ value }) => {
          tally.last = value;
          tally.heard += 1;
        });
      }
    }
    let n = 0;
    return {
      hall,
      put(turn) {
        for (const key of turn) hall.put(key, make(++n));
        // Looking for what is not there asks the kernel, which catches up first: that belongs to the puts.
        hall.has("nothing");
      },
      get(turn) {
        let found = 0;
        for (const key of turn) if (hall.get(key) !== undefined) found++;
        return found;
      },
      close: () => hall.close(),
    };
  },
});

export const halls = {
  shared: hall("statehall, shared", () => ({ share: nowhere() })),
  own: hall("statehall, private", () => ({})),
};
