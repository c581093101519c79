/**
 * The changes of a hall over a WebSocket, as JSON, for as long as the client stays.
 *
 * Not server-sent events: when their client goes, workerd tells nobody until the next one is sent, so the watches of
 * silent rooms would pile up. A socket says at once that it is closed, and the watch ends with it. Nothing here sets a
 * timer. An open socket keeps its room in memory.
 */

import type { Change, Hall } from "statehall";
import { Refusal } from "./reply.ts";

/** Tells first what is there, with `initial: true`, and then every change. The client only listens. */
export function watchSocket(request: Request, hall: Hall, selector: string): Response {
  if (request.headers.get("Upgrade")?.toLowerCase() !== "websocket") {
    throw new Refusal(426, "not-a-websocket", "a watch is a WebSocket", { Upgrade: "websocket" });
  }
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  server.send(JSON.stringify({ session: hall.session, revision: hall.revision }));
  try {
    const stop = hall.watch(selector, (change) => server.send(told(change)), { initial: true });
    const end = (code: number) => {
      stop();
      server.close(code);
    };
    server.addEventListener("close", () => end(1000));
    server.addEventListener("error", () => end(1011));
    server.addEventListener("message", () => end(1003));
  } catch (error) {
    server.close(1011);
    throw error;
  }
  return new Response(null, { status: 101, webSocket: client });
}

function told({ key, value, revision, origin, initial, deleted }: Change): string {
  return JSON.stringify({ key, value, revision, origin, initial, deleted });
}
