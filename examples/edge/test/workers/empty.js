/** A Worker whose objects do nothing, or only store as many bytes as they are asked to: the cost of the platform. */

import { DurableObject } from "cloudflare:workers";
import { load, save } from "../../src/storage.ts";

export class Room extends DurableObject {
  async fetch(request) {
    await request.text();
    const bytes = Number(new URL(request.url).searchParams.get("store"));
    if (bytes > 0) {
      load(this.ctx.storage); // makes the table
      save(this.ctx.storage, new Uint8Array(bytes));
    }
    return Response.json({});
  }
}

export default {
  fetch: (request, env) =>
    env.ROOMS.get(env.ROOMS.idFromName(new URL(request.url).pathname.split("/")[2])).fetch(request),
};
