/**
 * A reader as a state machine. It reads passage after passage and puts what it finds as it goes.
 *
 *     idle ---edit---> waiting ---the pause is over---> working ---the passage is read---> waiting, or done
 *
 * In every state an edit begins the new text, but in `working` it is postponed: it waits until the passage has been read
 * and put, or dropped if it is out of date by then. A reader that throws ends its machine; its worker says why.
 *
 * The state stands in the hall under `processes/<name>`. While it pauses, the machine is kept in the hall as well, so that
 * whoever takes up the work after it was stopped in between goes on in the middle of the pause.
 */
import type { Machine, MachineSnapshot } from "statehall";
import { clarityReader } from "./agents/clarity.ts";
import { figuresReader } from "./agents/figures.ts";
import { type Delta, FINDINGS_MAX, type Reader } from "./agents/finding.ts";
import { phrasesReader } from "./agents/phrases.ts";
import { documentIn, PAUSE, type Progress, type ReaderName, type Room, sweep } from "./hall.ts";
import { passagesOf } from "./text.ts";
import type { Variables } from "./variables.ts";

const READ: Readonly<Record<ReaderName, (text: string) => Reader>> = {
  phrases: phrasesReader,
  figures: figuresReader,
  clarity: clarityReader,
};

export type ReaderState = "idle" | "waiting" | "working" | "done";
/** Which text is read, and how many of its passages have been. */
export type Position = { readonly generation: string; readonly done: number };
/** `info` is the end of the task that reads a passage: nothing found if the text was out of date before it was read. */
export type ReaderEvents = {
  readonly cast: "edit";
  readonly info: { readonly task: number; readonly value?: Delta | undefined; readonly error?: unknown };
};
const NOWHERE: Position = { generation: "", done: 0 };
export type ReaderMachine = Machine<ReaderState, Position, ReaderEvents>;

/** Starts a reader, in the middle if the hall says so. */
export function startReader(hall: Room, variables: Variables, agent: ReaderName): ReaderMachine {
  const { pace } = variables;
  const book = bookOf(hall, variables, agent);
  const pause = () => ({ stateTimeout: PAUSE[pace.value] });

  /** Begins the text that the hall has now, unless it is begun already or has not arrived as a whole. */
  const edit = (at: Position) => {
    const { generation, whole } = documentIn(hall);
    if (!whole || generation === at.generation) return;
    const before = hall.get(`agents/${agent}/progress`);
    const data = { generation, done: before?.generation === generation ? before.done : 0 };
    const next = book.open(data);
    return { next, data, actions: next === "waiting" ? [pause()] : [] };
  };
  const rest = (event: { readonly type: string }, at: Position) => (event.type === "cast" ? edit(at) : undefined);

  const resumed = keptFor(hall, agent);
  if (resumed !== undefined) book.open(resumed.data);
  const machine: ReaderMachine = hall.machine<ReaderState, Position, ReaderEvents>(
    {
      name: agent,
      init: {
        state: "idle",
        data: NOWHERE,
        actions: [{ nextEvent: "cast", content: "edit" }],
      },
      states: {
        idle: rest,
        done: rest,
        waiting: (event, at, self) => {
          if (event.type === "cast") return edit(at);
          if (event.type !== "stateTimeout") return;
          hall.task(() => book.read(at), { owner: self });
          return { next: "working" };
        },
        working: (event, at) => {
          if (event.type === "cast") return { actions: ["postpone"] };
          if (event.type !== "info") return;
          const { value, error } = event.content;
          if (error !== undefined) return { stop: error };
          // Out of date: what was postponed, or is about to be heard, begins the new text.
          if (value === undefined || documentIn(hall).generation !== at.generation)
            return { next: "waiting", data: NOWHERE };
          const data = { ...at, done: at.done + 1 };
          const next = book.write(data, value);
          return { next, data, actions: next === "waiting" ? [pause()] : [] };
        },
      },
    },
    // The pause ends when it was to end: the time in between counts.
    resumed && { snapshot: resumed.snapshot, timers: "deadline" },
  );
  // Without pauses there is no middle of one.
  machine.watch((state) => {
    if (state === "waiting" && PAUSE[pace.value] > 0) hall.put(`agents/${agent}/kept`, machine.snapshot());
    else if (state !== "working") hall.delete(`agents/${agent}/kept`);
  });
  const stop = hall.watch({ keys: ["document/text", "document/generation"] }, () => machine.cast("edit"));
  void machine.done.then(() => stop());
  return machine;
}

/** A machine of this reader that was kept, if it belongs to the present text and nobody has read on since. */
function keptFor(hall: Room, agent: ReaderName): { snapshot: MachineSnapshot; data: Position } | undefined {
  const snapshot = hall.get(`agents/${agent}/kept`);
  const { generation, whole } = documentIn(hall);
  const { state, data } = (snapshot ?? {}) as { state?: unknown; data?: Partial<Position> };
  if (snapshot === undefined || !whole || state !== "waiting" || data?.generation !== generation) return undefined;
  const progress = hall.get(`agents/${agent}/progress`);
  if (progress?.generation !== generation || progress.done !== data.done) return undefined;
  return { snapshot, data: { generation, done: progress.done } };
}

/** What a reader has read of one text. It can be had again from the text and the position, and so is not kept. */
function bookOf(hall: Room, variables: Variables, agent: ReaderName) {
  const { status } = variables.agents[agent];
  let reader: Reader;
  let passages: ReturnType<typeof passagesOf> = [];
  let spent = 0;
  const found = new Set<string>();

  const timed = <T>(work: () => T): T => {
    const start = performance.now();
    const result = work();
    spent += performance.now() - start;
    return result;
  };
  const readAt = (index: number): Delta => {
    const passage = passages[index];
    return passage === undefined ? { put: new Map(), drop: [] } : timed(() => reader.read(passage));
  };
  const progress = ({ generation, done }: Position): Progress => ({
    generation,
    done: Math.min(done, passages.length),
    total: passages.length,
    found: found.size,
    dropped: agent !== "phrases" && found.size >= FINDINGS_MAX ? 1 : 0,
    spent: Math.round(spent * 10) / 10,
  });
  const put = (generation: string, delta: Delta): void => {
    for (const id of delta.put.keys()) found.add(id);
    for (const id of delta.drop) found.delete(id);
    for (const [id, finding] of delta.put) hall.put(["findings", generation, agent, id], finding);
    for (const id of delta.drop) hall.delete(["findings", generation, agent, id]);
  };
  /** Says how far it is, and what comes next. */
  const told = (at: Position): ReaderState => {
    hall.put(`agents/${agent}/progress`, progress(at));
    if (passages.length === 0) status.set("idle");
    else status.set(at.done < passages.length ? "working" : "done");
    if (passages.length === 0) return "idle";
    return at.done < passages.length ? "waiting" : "done";
  };

  return {
    /** Opens the present text at a position. What was read before the restart is only counted again. */
    open(at: Position): ReaderState {
      const { text } = documentIn(hall);
      spent = 0;
      found.clear();
      passages = timed(() => passagesOf(text));
      reader = timed(() => READ[agent](text));
      return hall.batch(() => {
        sweep(hall, at.generation, agent);
        for (let index = 0; index < at.done; index++) put(at.generation, readAt(index));
        return told(at);
      });
    },
    /** Reads the passage at a position; nothing if the text has changed meanwhile. */
    async read(at: Position): Promise<Delta | undefined> {
      // The other events of this worker come first, such as an edit.
      await new Promise((resolve) => setTimeout(resolve));
      return documentIn(hall).generation === at.generation ? readAt(at.done) : undefined;
    },
    /** Puts what was found in the passage before a position. */
    write: (at: Position, delta: Delta): ReaderState =>
      hall.batch(() => {
        put(at.generation, delta);
        return told(at);
      }),
  };
}
