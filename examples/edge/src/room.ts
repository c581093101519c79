/**
 * One room of one user: a Durable Object with a hall of its own.
 *
 * What anybody hears is stored. The first watch of the hall takes a snapshot after every commit, and watchers are
 * called in the order in which they began: so it is written before any other is told, and before the request is
 * answered. The platform holds back what leaves the object after that (replies, and what sockets are sent) until the
 * disk has it.
 */

import { DurableObject } from "cloudflare:workers";
import { type Change, openHall, type Value } from "statehall";
import { AlarmClock } from "./alarm.ts";
import { readJson } from "./body.ts";
import { allow, answer, Refusal } from "./reply.ts";
import { watchSocket } from "./socket.ts";
import { load, save } from "./storage.ts";
import type { Env } from "./worker.ts";

/** Many rooms share the 128 MB of an isolate, and a write costs a snapshot of the whole room: so rooms are small. */
const LIMITS = { bytes: 4_194_304, entries: 10_000, tombstones: 1_000, valueBytes: 262_144, watches: 100 };

export class Room extends DurableObject<Env> {
  readonly #clock = new AlarmClock(this.ctx.storage);
  readonly #hall = openHall({ name: "room", clock: this.#clock, limits: LIMITS });

  /** The revision of the stored snapshot. */
  #stored = 0;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    // SQLite answers at once, so there is no moment in which a request could meet an empty room.
    const snapshot = load(ctx.storage);
    if (snapshot) this.#hall.restore(snapshot);
    const keep = ({ revision }: Change) => {
      // A commit of many changes is told one by one, and stored once.
      if (revision > this.#stored) this.#store();
    };
    this.#hall.watch("**", keep, { owner: "storage" });
  }

  override fetch(request: Request): Promise<Response> {
    return answer(request, () => this.#route(request));
  }

  override alarm(): void {
    this.#clock.ring();
  }

  #route(request: Request): Response | Promise<Response> {
    const url = new URL(request.url);
    const [, , , part, ...path] = url.pathname.split("/");
    const selector = url.searchParams.get("selector") ?? "**";
    if (part === "entries" && path.length > 0) return this.#entry(request, url, path.map(decoded));
    if (path.length > 0) throw new Refusal(404, "no-route", "a room has entries and a watch");
    allow(request, "GET");
    switch (part) {
      case undefined:
        return Response.json(this.#status());
      case "entries":
        return Response.json(Object.fromEntries(this.#hall.toMap(selector)));
      case "watch":
        return watchSocket(request, this.#hall, selector);
      default:
        throw new Refusal(404, "no-route", "a room has entries and a watch");
    }
  }

  async #entry(request: Request, url: URL, key: readonly string[]): Promise<Response> {
    allow(request, "GET", "PUT", "DELETE");
    if (request.method === "GET") return this.#show(key);
    const value = request.method === "PUT" ? await readJson(request, LIMITS.valueBytes) : undefined;
    // From here on nothing waits, so nobody writes between the comparison, the write and the snapshot.
    using hall = this.#hall.as(request.headers.get("Agent") ?? "anonymous");
    const before = hall.entry(key)?.revision ?? 0;
    const expect = this.#expected(request, before);
    if (value === undefined) {
      if (hall.delete(key, { expect }).conflict) return this.#conflict(key);
      return before > 0 ? new Response(null, { status: 204 }) : this.#show(key);
    }
    const ttl = wholeNumber(url.searchParams.get("ttl"));
    const written = hall.put(key, value as Value, { expect, ttl });
    if (written.conflict) return this.#conflict(key);
    // An equal value is no news, so no watch hears of it, but its time to live begins anew.
    if (ttl !== undefined && written.revision === before) this.#store();
    return this.#show(key, before > 0 ? 200 : 201);
  }

  #status(): object {
    const { session, revision, limits } = this.#hall;
    return { session, revision, watches: this.#hall.watches(), usage: this.#hall.usage(), limits };
  }

  #show(key: readonly string[], status = 200): Response {
    const entry = this.#hall.entry(key);
    if (!entry) throw new Refusal(404, "absent", "there is no such entry");
    return Response.json(entry, { status, headers: { ETag: this.#tag(entry.revision) } });
  }

  /** Somebody was faster; what they wrote is in the answer. */
  #conflict(key: readonly string[]): Response {
    const entry = this.#hall.entry(key) ?? null;
    const detail = "the entry is not as expected; look at what is there now, and repeat the work";
    const headers = entry ? { ETag: this.#tag(entry.revision) } : {};
    return Response.json({ code: "conflict", detail, entry }, { status: 412, headers });
  }

  /** What the entry's revision must be, if the request says so. */
  #expected(request: Request, revision: number): number | undefined {
    const [match, noneMatch] = [request.headers.get("If-Match"), request.headers.get("If-None-Match")];
    if (match === null && noneMatch === null) return undefined;
    if (match === null && noneMatch === "*") return 0;
    const tag = noneMatch === null ? /^"[0-9a-f]{16}\.[1-9][0-9]{0,14}"$/.exec(match ?? "")?.[0] : undefined;
    if (!tag) throw new Refusal(400, "invalid-condition", "send If-Match with one ETag, or If-None-Match: *");
    // A revision that the entry never has stands for every tag that is not its own.
    return tag === this.#tag(revision) ? revision : Number.MAX_SAFE_INTEGER;
  }

  /** Revisions are local to a session, and a room that was out of memory is another session: so a tag names both. */
  #tag(revision: number): string {
    return `"${this.#hall.session}.${revision}"`;
  }

  #store(): void {
    try {
      save(this.ctx.storage, this.#hall.snapshot());
      this.#stored = this.#hall.revision;
    } catch (error) {
      // Memory is ahead of the disk: forget it, and begin again from what is stored. Nothing was acknowledged.
      this.ctx.abort(`the room could not be stored: ${error}`);
    }
  }
}

/** One segment of a key, as it stands in a path. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new Refusal(400, "invalid-key", `"${segment}" is not percent-encoded UTF-8`);
  }
}

function wholeNumber(text: string | null): number | undefined {
  if (text === null) return undefined;
  if (!/^[0-9]{1,15}$/.test(text)) throw new Refusal(400, "invalid-argument", "ttl is in whole milliseconds");
  return Number(text);
}
