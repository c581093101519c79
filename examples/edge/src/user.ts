/**
 * Who asks. Everything that keeps users apart rests on this name, so it comes from the deployment and never from what a
 * request says of itself. Put your own identity here: a session cookie, a signed token, Cloudflare Access.
 */

import { Refusal } from "./reply.ts";

/** The user whose token the request bears. Without users, as after a first deployment, nobody gets in. */
export function userOf(request: Request, users = "{}"): string {
  const token = /^Bearer ([\w.~+/-]{16,256}=*)$/.exec(request.headers.get("Authorization") ?? "")?.[1];
  const user = token && new Map(Object.entries<string>(JSON.parse(users))).get(token);
  if (!user) throw new Refusal(401, "unknown-user", "send a known token: Authorization: Bearer ...");
  return user;
}
