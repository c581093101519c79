/**
 * The Worker: says who asks, and hands the request to whoever answers it.
 *
 * It holds nothing. An isolate serves many users at once, so a hall in a variable of this module would be everybody's:
 * halls live in a request (council.ts) or in a Durable Object (room.ts).
 */

import { readText } from "./body.ts";
import { convene } from "./council.ts";
import { allow, answer, Refusal } from "./reply.ts";
import type { Room } from "./room.ts";
import { userOf } from "./user.ts";

export { Room } from "./room.ts";

export interface Env {
  readonly ROOMS: DurableObjectNamespace<Room>;
  /** JSON text: the users' names by their tokens. */
  readonly USERS?: string;
}

/** The longest text that a council reads, in bytes. */
const TEXT_MAX = 65_536;

const ROUTES = `POST   /council                        four agents read the text that is sent; nothing of it stays
GET    /rooms/:room                    what the room holds and uses
GET    /rooms/:room/entries            all entries, or those of ?selector=agents/**
GET    /rooms/:room/entries/*key       one entry
PUT    /rooms/:room/entries/*key       the JSON that is sent, for ?ttl= milliseconds; If-Match and If-None-Match
DELETE /rooms/:room/entries/*key       If-Match
GET    /rooms/:room/watch              a WebSocket: every change, or those of ?selector=agents/**
`;

export default {
  fetch: (request, env) => answer(request, () => route(request, env)),
} satisfies ExportedHandler<Env>;

async function route(request: Request, env: Env): Promise<Response> {
  const [, first, room] = new URL(request.url).pathname.split("/");
  if (first === "") {
    allow(request, "GET");
    return new Response(ROUTES);
  }
  const user = userOf(request, env.USERS);
  if (first === "council" && room === undefined) {
    allow(request, "POST");
    return Response.json(await convene(await readText(request, TEXT_MAX)));
  }
  if (first === "rooms" && room !== undefined) return env.ROOMS.get(objectId(env, user, room)).fetch(request);
  throw new Refusal(404, "no-route", "there is nothing here; GET / lists what there is");
}

/** The object of a user's room. Both names are in it, and as JSON, so that no two pairs of names give one id. */
function objectId(env: Env, user: string, room: string): DurableObjectId {
  if (!/^[\w-]{1,64}$/.test(room)) {
    throw new Refusal(400, "invalid-room", "a room's name is 1 to 64 letters, digits, hyphens and underscores");
  }
  return env.ROOMS.idFromName(JSON.stringify([user, room]));
}
