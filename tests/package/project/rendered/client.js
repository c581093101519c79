/** The page takes over what the server has written. */

import { openHall } from "statehall";
import { view } from "./view.js";

const root = document.getElementById("root");
const hall = openHall({ name: "trip", agent: "page" });
hall.restore(Uint8Array.from(atob(root.dataset.state), (char) => char.charCodeAt(0)));

window.hall = hall;
window.result = { written: root.innerHTML, shown: view(hall) };
hall.watch("**", () => {
  root.innerHTML = view(hall);
});
