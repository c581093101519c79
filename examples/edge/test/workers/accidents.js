/** A Worker that does what a hurried author might do, so that a test sees what comes of it. */

import { openHall } from "statehall";

/** What came of opening a hall while the Worker starts. */
let atStart;
try {
  openHall({ name: "x" });
  atStart = "opened";
} catch (error) {
  atStart = { name: error.name, code: error.code, detail: error.detail };
}

const accidents = {
  /** A hall at the top of a module. */
  start: () => atStart,
  /** The same name in every request; each stays open until all have written. */
  async named(user) {
    const hall = openHall({ name: "x" });
    hall.put("secret", user);
    hall.put(`users/${user}`, true);
    const heard = [];
    hall.watch("**", ({ value }) => heard.push(value));
    await scheduler.wait(50);
    hall.put("late", user);
    const seen = {
      session: hall.session,
      all: Object.fromEntries(hall.toMap()),
      heard,
      sessions: hall.sessions().length,
    };
    hall.close();
    return seen;
  },
  /** Halls that nobody closes, as after an error. */
  forgotten(user) {
    const hall = openHall({ name: "x" });
    const found = hall.keys();
    hall.put("secret", user);
    return found;
  },
  /** Two halls of one name in one request. */
  twice() {
    const [a, b] = [openHall({ name: "x" }), openHall({ name: "x" })];
    a.put("k", 1);
    return { same: a.session === b.session, seen: b.has("k") };
  },
  /** Sharing is asked for, in a place where a channel would reach everybody. */
  shared() {
    try {
      return openHall({ name: "x", share: true }).session;
    } catch (error) {
      return { code: error.code, detail: error.detail };
    }
  },
};

export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    return Response.json(await accidents[pathname.slice(1)](searchParams.get("user")));
  },
};

/** The bindings ask for it; no accident needs a room. */
export class Room {}
