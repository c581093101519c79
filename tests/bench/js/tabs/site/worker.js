/** One session of many: makes a change when it is told to, and says what it hears. */

import { openHall } from "/dist/entry/inline.js";

let hall;
let channel;
const said = (what, value) => postMessage({ what, value });

const deeds = {
  async open({ name, agent }) {
    hall = openHall({ name, agent });
    channel = new BroadcastChannel(`${name}-bare`);
    hall.watch("plan/step", ({ value }) => said(`change ${value}`));
    channel.onmessage = ({ data }) => said(`message ${data.value}`);
    await hall.ready;
    said("open");
  },
  sessions: () => said("sessions", hall.sessions().length),
  change: (value) => hall.put("plan/step", value),
  message(value) {
    channel.postMessage({ key: "plan/step", value });
    // Nobody hears himself on a channel.
    said(`message ${value}`);
  },
};

globalThis.onmessage = ({ data: { what, value } }) => deeds[what](value);
