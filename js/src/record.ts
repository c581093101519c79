/** Records: how the kernel tells what it has done. `src/face/js/report.rs` writes them. */

/** The kinds of records. */
export const NOTIFY = 1;
export const INITIAL = 2;
export const READY = 3;
export const SYNCED = 4;
export const SESSIONS = 5;
export const REPORT = 6;
export const TAKEN = 7;
export const WIDTH = 11;

/** The numbers of one record. */
export type Numbers = [number, number, number, number, number, number, number, number, number, number, number];
