/** What a client is told when its request cannot be served: always JSON, `{ code, detail }`, in statehall's words. */

import { type Code, StatehallError } from "statehall";

/** A request that is not served, for a reason that is not statehall's. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly headers: HeadersInit = {},
  ) {
    super(`${code}: ${detail}`);
  }
}

/** What a client can do wrong. All other codes are mistakes of this program. */
const STATUS: Partial<Record<Code, number>> = {
  "invalid-key": 400,
  "invalid-selector": 400,
  "invalid-value": 400,
  "invalid-argument": 400,
  limit: 413,
};

/** Serves a request; what is thrown becomes a reply. */
export async function answer(request: Request, serve: () => Response | Promise<Response>): Promise<Response> {
  try {
    return await serve();
  } catch (error) {
    if (error instanceof Refusal) return refusal(error.status, error.code, error.detail, error.headers);
    const status = error instanceof StatehallError && STATUS[error.code];
    if (status) {
      // Who sends nothing has not sent too much: there are too many watches.
      return refusal(status === 413 && request.method === "GET" ? 429 : status, error.code, error.detail);
    }
    // What went wrong here is for the log, not for whoever asks.
    console.error(error);
    return refusal(500, "internal", "something went wrong here");
  }
}

/** Refuses all other methods. */
export function allow(request: Request, ...methods: string[]): void {
  if (methods.includes(request.method)) return;
  const Allow = methods.join(", ");
  throw new Refusal(405, "wrong-method", `${request.method} does nothing here, but ${Allow} does`, { Allow });
}

function refusal(status: number, code: string, detail: string, headers: HeadersInit = {}): Response {
  return Response.json({ code, detail }, { status, headers });
}
