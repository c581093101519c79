/** What transcripts ask of owners, and what these answer. */

import { unquote } from "./notation.js";

/** The owners that a transcript has opened, by the hall and the name; of each name the last. */
export class Owners {
  #owners = new Map();

  /** Carries out a command; returns its line. */
  run(hall, command) {
    const name = unquote(command.argument(0));
    const known = JSON.stringify([command.hall, name]);
    if (command.verb === "owner") {
      const { ttl } = command.options;
      this.#owners.set(known, hall.owner(name, ttl === undefined ? undefined : { ttl: Number(ttl) }));
      return "ok";
    }
    const owner = this.#owners.get(known);
    if (owner === undefined) throw new SyntaxError(`no owner of the name ${name} was opened`);
    if (command.verb === "touch") {
      owner.touch();
      return "ok";
    }
    const { ended, remaining } = owner;
    if (ended !== owner.signal.aborted) throw new Error(`${name} has ended, and its signal does not say so`);
    return ended ? "ended" : remaining === undefined ? "open" : `open left=${remaining}`;
  }
}
