/** Where the authority's rows are: the one thing in which a private hall and a shared one differ. */

/** Rows by name; no bytes are no row. */
export type Rows = Map<string, Uint8Array>;

/** Says which rows it needs beside those given (`*`: all there are), or which are to be written. */
export type Decide = (given: Rows, whole: boolean) => readonly string[] | Rows;

export interface Store {
  /** Whether documents are kept outside of the rows, because nobody else reads these. */
  readonly outside: boolean;
  /** One step, alone and whole: resolves when it is stored. `decide` may be called again, and must then decide the same. */
  change(decide: Decide): Promise<void>;
  read(name: string): Promise<Uint8Array | undefined>;
  all(): Promise<Rows>;
  close(): void;
}

/** All rows. */
export const EVERYTHING = "*";
export const NONE = new Uint8Array();
