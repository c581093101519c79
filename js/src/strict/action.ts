/** What is asked of the authority, as bytes: see `src/replica/strict/proposal.rs`. */

import { Writer } from "./bytes.js";

/** The bytes; the first says what it is. */
export type Action = Uint8Array;

/** From here on actions may free what others wait for. */
export const RELEASE = 6;
export const QUERY = 9;

const action = (kind: number) => new Writer().byte(kind);

export const create = (value: Uint8Array, fence: number | undefined): Action =>
  action(1).block(value).option(fence).bytes;

export const replace = (value: Uint8Array, expect: number | undefined, fence: number | undefined): Action =>
  action(2).block(value).option(expect).option(fence).bytes;

export const remove = (expect: number | undefined, fence: number | undefined): Action =>
  action(3).option(expect).option(fence).bytes;

/** `wait` is a time, or whether to wait at all; `existing` demands a document. */
export function acquire(
  owner: string,
  shared: boolean,
  ttl: number | undefined,
  wait: number | boolean,
  existing: boolean,
): Action {
  const written = action(4).text(owner).byte(shared).option(ttl);
  return (typeof wait === "number" ? written.byte(2).number(wait) : written.byte(wait)).byte(existing).bytes;
}

export const renew = (fence: number, ttl: number | undefined): Action => action(5).number(fence).option(ttl).bytes;

export const release = (owner: string, fence: number | undefined, existing: boolean): Action =>
  action(RELEASE).text(owner).option(fence).byte(existing).bytes;

export const forceRelease = (reason: string): Action => action(7).option(undefined).text(reason).bytes;

/** A whole session has ended, or one of its owners. */
export function end(session: string, owner?: string): Action {
  const written = action(8).session(session);
  return owner === undefined ? written.byte(0).bytes : written.byte(1).text(owner).bytes;
}

export const query: Action = action(QUERY).bytes;

/** The proposal of an action; `number` counts the requests of a session. */
export const proposal = (session: string, number: number, key: string, action: Action): Uint8Array =>
  new Writer()
    .byte(1)
    .session(session)
    .number(action[0] === QUERY ? 0 : number)
    .text(key)
    .raw(action).bytes;
