/**
 * Death notices: a session that has claims holds a Web Lock of its own, which the browser takes from a tab that is
 * closed, crashes or is discarded. Whoever is granted that lock knows that the session has died.
 *
 * Nothing that is correct depends on it: without Web Locks a claim lasts as long as its time to live.
 */

export class Beacon {
  readonly #hall: string;
  #off: (() => void) | undefined;
  #lit: Promise<void> | undefined;

  constructor(hall: string) {
    this.#hall = hall;
  }

  /** Resolves when this session's lock is held. */
  light(session: string): Promise<void> {
    this.#lit ??= new Promise((lit) => {
      const held = new Promise<void>((off) => {
        this.#off = off;
      });
      this.#request(session, { mode: "exclusive" }, () => {
        lit();
        return held;
      }).catch(() => lit());
    });
    return this.#lit;
  }

  /** Lets go of it. */
  douse(): void {
    this.#off?.();
    this.#lit = undefined;
  }

  /** Whether a session has died, or never had a lock. */
  async isOut(session: string): Promise<boolean> {
    const options: LockOptions = { mode: "shared", ifAvailable: true };
    return this.#request(session, options, (lock) => lock !== null).catch(() => false);
  }

  /** Calls `died` when a session has died; returns how to stop that. */
  watch(session: string, died: () => void): () => void {
    const stop = new AbortController();
    this.#request(session, { mode: "shared", signal: stop.signal }, died).catch(() => {});
    return () => stop.abort();
  }

  async #request<T>(session: string, options: LockOptions, granted: (lock: Lock | null) => T): Promise<Awaited<T>> {
    return (await navigator.locks.request(`statehall:${this.#hall}:alive:${session}`, options, granted)) as Awaited<T>;
  }
}
