/**
 * The text: typed here, written to the hall after a short rest, and replaced when another tab writes it.
 *
 * Marks are painted by the browser's custom highlights on a mirror that lies behind the editor with the same text in the
 * same place; the text of the mirror is invisible, and it is one text node, whatever was pasted.
 */
import type { Finding } from "../agents/finding.ts";
import { documentIn, type Room, TEXT_MAX, writeDocument } from "../hall.ts";
import { SAMPLE, SAMPLE_SOURCE } from "../sample.ts";
import { type Range as Place, passagesOf, tidy } from "../text.ts";
import { byId, number, onFrame, plural, setText } from "./element.ts";

/** Milliseconds without a key before what was typed is written. */
const REST = 250;

export type Editor = {
  /** Shows places of the text of this generation, and scrolls to the first. */
  show(places: readonly Place[], at?: Place): void;
  clear(): void;
};

export function editorView(hall: Room): Editor {
  const area = byId<HTMLTextAreaElement>("editor");
  const paper = byId("paper");
  const content = document.createTextNode("");
  byId("mirror").append(content, "\n");
  const highlights = "highlights" in CSS ? CSS.highlights : undefined;
  let resting: ReturnType<typeof setTimeout> | undefined;

  const about = (): void => {
    const { text, generation } = documentIn(hall);
    const passages = passagesOf(text);
    const sentences = passages.reduce((sum, passage) => sum + passage.sentences.length, 0);
    const source = text === SAMPLE ? `${SAMPLE_SOURCE} · ` : "";
    const size =
      text.trim() === ""
        ? "Nothing to read yet"
        : `${plural(sentences, "sentence")}, ${plural(passages.length, "passage")}`;
    setText(byId("text-about"), `${source}${size} · generation ${generation.split("-")[0]}`);
  };

  const reflect = (): void => {
    if (content.data !== area.value) content.data = area.value;
  };

  const write = (): void => {
    clearTimeout(resting);
    resting = undefined;
    writeDocument(hall, tidy(area.value, TEXT_MAX));
  };

  area.addEventListener("input", () => {
    clear();
    const kept = tidy(area.value, TEXT_MAX);
    const over = area.value.length - kept.length;
    if (kept !== area.value) replace(area, kept);
    setText(
      byId("text-note"),
      over > 0 ? `Cut to the first ${number(TEXT_MAX)} characters; ${number(over)} more were left out.` : "",
    );
    reflect();
    clearTimeout(resting);
    resting = setTimeout(write, REST);
  });
  area.addEventListener("blur", () => {
    if (resting !== undefined) write();
  });

  const take = onFrame(() => {
    // What is being typed here goes first; it will be written in a moment.
    const { text, whole } = documentIn(hall);
    if (resting !== undefined || !whole) return;
    if (area.value !== text) {
      replace(area, text);
      clear();
    }
    reflect();
    about();
    paint();
  });
  hall.watch("document/**", take, { initial: true });
  take();

  const set = (text: string): void => {
    replace(area, text);
    setText(byId("text-note"), "");
    clear();
    reflect();
    write();
    take();
    area.focus();
  };
  byId("sample").addEventListener("click", () => set(SAMPLE));
  byId("clear").addEventListener("click", () => set(""));

  /** Paints what the agents marked. Findings of another text than the one shown are not painted. */
  const paint = onFrame(() => {
    if (highlights === undefined) return;
    const { text, generation } = documentIn(hall);
    for (const [name, by] of [
      ["figures", "figures"],
      ["clarity", "clarity"],
      ["phrases", "phrases"],
    ] as const) {
      const ranges: Range[] = [];
      if (content.data === text) {
        for (const finding of hall.toMap(`findings/${generation}/${by}/*`).values()) {
          const { kind, at } = finding as Finding;
          if (kind !== "long" && kind !== "readability") ranges.push(rangeOf(content, at));
        }
      }
      highlights.set(name, new Highlight(...ranges));
    }
  });
  hall.watch("findings/**", paint, { initial: true });

  const clear = (): void => {
    highlights?.delete("chosen");
    highlights?.delete("exact");
  };

  return {
    clear,
    show(places, at) {
      const first = places[0];
      if (first === undefined) return;
      if (highlights === undefined) {
        area.focus();
        area.setSelectionRange(first.start, first.end);
        return;
      }
      highlights.set("chosen", new Highlight(...places.map((place) => rangeOf(content, place))));
      if (at === undefined) highlights.delete("exact");
      else highlights.set("exact", new Highlight(rangeOf(content, at)));
      const where = rangeOf(content, first).getBoundingClientRect();
      const frame = paper.getBoundingClientRect();
      const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      const behavior = calm ? "instant" : "smooth";
      if (frame.top < 0 || frame.top > innerHeight - 80) paper.scrollIntoView({ block: "start", behavior });
      paper.scrollBy({ top: where.top - frame.top - Math.max(24, (frame.height - where.height) / 3), behavior });
    },
  };
}

/** Changes the text of the area and leaves the caret where it was. */
function replace(area: HTMLTextAreaElement, text: string): void {
  const { selectionStart, selectionEnd } = area;
  area.value = text;
  area.setSelectionRange(Math.min(selectionStart, text.length), Math.min(selectionEnd, text.length));
}

function rangeOf(node: Text, { start, end }: Place): Range {
  const range = document.createRange();
  range.setStart(node, Math.min(start, node.length));
  range.setEnd(node, Math.min(end, node.length));
  return range;
}
