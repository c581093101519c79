/** Questions to a worker, and its answers. */

export class Line {
  #asked = new Map();
  #last = 0;
  #post;
  #opened;
  /** Resolves when the worker has said its first word. */
  open = new Promise((resolve, reject) => {
    this.#opened = { resolve, reject };
  });

  constructor(post) {
    this.#post = post;
  }

  hear({ id, result, error }) {
    if (id === 0) this.#opened.resolve();
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    if (error !== undefined) asked?.reject(new Error(error));
    else asked?.resolve(result);
  }

  ask(deed, argument) {
    return new Promise((resolve, reject) => {
      this.#asked.set(++this.#last, { resolve, reject });
      // Posting may itself be a question, to the tab of the worker.
      Promise.resolve(this.#post({ id: this.#last, deed, argument })).catch(reject);
    });
  }

  /** The worker will be killed: whoever waits for it waits no more. */
  cut() {
    for (const { resolve } of this.#asked.values()) resolve(undefined);
    this.#asked.clear();
  }

  fail(error) {
    this.#opened.reject(error);
    for (const { reject } of this.#asked.values()) reject(error);
    this.#asked.clear();
  }
}
