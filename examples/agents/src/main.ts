/** Opens the hall, starts what this tab is to run, and joins the parts of the page to it. */
import { room } from "./hall.ts";
import { keepRoom, resumeRoom } from "./keep.ts";
import { runAgents } from "./runner.ts";
import { declare } from "./variables.ts";
import { agentsView } from "./view/agents.ts";
import { announceView } from "./view/announce.ts";
import { briefView } from "./view/brief.ts";
import { editorView } from "./view/editor.ts";
import { chooser, findingsView } from "./view/findings.ts";
import { logView } from "./view/log.ts";
import { sessionsView } from "./view/sessions.ts";

// `?hall=name` opens another room; tabs with the same name share one.
const name = new URLSearchParams(location.search).get("hall") || "reading-room";
const tab = `tab-${[...crypto.getRandomValues(new Uint8Array(2))].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;

// Before the hall is opened: it says goodbye when the page goes, and what is written after that is told to nobody.
let leave = (): void => {};
addEventListener("pagehide", () => leave());

const hall = room(name, tab);
const variables = declare(hall);
// Before anything else looks at what the hall has.
void hall.ready.then(() => resumeRoom(hall));
const editor = editorView(hall);
const runner = runAgents(hall, variables, tab);
leave = () => {
  keepRoom(hall);
  runner.leave();
};
const chosen = chooser(hall, editor);
agentsView(hall, variables, runner, tab);
briefView(hall, chosen);
findingsView(hall, chosen);
logView(hall);
sessionsView(hall);
announceView(hall, variables);

// For the console: `hall.export()`, `hall.keys("findings/**")`, `hall.put("document/text", …)`.
Object.assign(globalThis, { hall });
