/**
 * A council over one text, in a hall that lives as long as the request.
 *
 * Nobody calls anybody: each agent watches what the others put. Watchers run before `put` returns, so when the reader
 * has put its last sentence, all is heard and done. Real agents would wait for a model where the reader waits here;
 * meanwhile the isolate serves other requests, each with a hall of its own.
 */

import { type Hall, openHall } from "statehall";

type Keys = {
  [sentence: `sentences/${string}`]: string;
  /** `findings/<sentence>/<agent>` */
  [finding: `findings/${string}/${string}`]: readonly string[];
  /** `scores/<sentence>` */
  [score: `scores/${string}`]: number;
  [status: `agents/${string}/status`]: "working" | "done";
  /** The sentences that say most, best first. */
  brief: readonly string[];
};
type Council = Hall<Keys>;

const BRIEF_LENGTH = 3;

/** Everything that the council holds when it is done. */
export async function convene(text: string): Promise<Record<string, unknown>> {
  // Disposed of when the request has its answer, or has failed.
  using hall = openHall<Keys>({ name: "council" });
  finder(hall.as("figures"), /\d[\d.,]*/g);
  finder(hall.as("names"), /(?<=[^.!?\s]\s)\p{Lu}[\p{L}-]+/gu);
  chair(hall.as("chair"));
  await reader(hall.as("reader"), text);
  return Object.fromEntries(hall.toMap());
}

/** Puts the text into the hall, sentence by sentence. */
async function reader(hall: Council, text: string): Promise<void> {
  hall.put("agents/reader/status", "working");
  const sentences = [...new Intl.Segmenter("en", { granularity: "sentence" }).segment(text)];
  for (const [index, { segment }] of sentences.entries()) {
    hall.put(`sentences/${index}`, segment.trim());
    await scheduler.wait(0);
  }
  hall.put("agents/reader/status", "done");
}

/** Finds in each sentence what the pattern matches. */
function finder(hall: Council, pattern: RegExp): void {
  hall.watch("sentences/*", ({ key, value = "" }) => {
    const sentence = key.slice("sentences/".length);
    hall.put(`findings/${sentence}/${hall.agent}`, value.match(pattern) ?? []);
  });
}

/** Scores sentences by what the others find in them, and writes the brief when the reader is done. */
function chair(hall: Council): void {
  hall.watch("findings/*/*", ({ key, value = [] }) => {
    hall.update(`scores/${key.split("/")[1]}`, 0, (score) => score + value.length);
  });
  hall.watch("agents/reader/status", ({ value }) => {
    if (value !== "done") return;
    const scores = [...hall.toMap("scores/*")] as [`scores/${string}`, number][];
    const best = scores.sort(([, a], [, b]) => b - a).slice(0, BRIEF_LENGTH);
    hall.put(
      "brief",
      best.map(([key]) => hall.get(`sentences/${key.slice("scores/".length)}`, "")),
    );
  });
}
