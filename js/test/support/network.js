/** Halls that exchange frames inside one test: nothing moves until it is told to. */

import { turn } from "./clock.js";

export class Network {
  #members = new Map();
  #sent = [];

  /** An adapter for the hall of this name. */
  adapter(name) {
    const receive = { now: () => {} };
    return {
      open: (hall) => {
        receive.now = hall.receive;
        this.#members.set(name, (frame) => receive.now(frame));
      },
      send: (frame) => this.#sent.push({ from: name, frame }),
      close: () => this.#members.delete(name),
    };
  }

  /** Gives a hall a frame, as if somebody had sent it. */
  give(name, frame) {
    this.#members.get(name)?.(frame);
  }

  /** Delivers frames until none is on its way. */
  async exchange() {
    for (let frames = await this.take(); frames.length > 0; frames = await this.take()) {
      for (const { from, frame } of frames) {
        for (const name of [...this.#members.keys()].sort()) if (name !== from) this.give(name, frame);
      }
    }
  }

  /** Takes the frames that are on their way: they are lost unless somebody gives them on. */
  async take() {
    await turn();
    return this.#sent.splice(0);
  }
}
