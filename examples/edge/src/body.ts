/** Request bodies. They come from strangers, so no more is kept of one than is allowed, whatever its length claims. */

import { Refusal } from "./reply.ts";

/** Who sends this much too much is heard out, because a connection closed in the middle loses the answer. */
const PATIENCE = 1_048_576;

/** The body as text of at most `max` bytes. */
export async function readText(request: Request, max: number): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  let text = "";
  let size = 0;
  for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > max + PATIENCE) break;
    if (size <= max) text += decoded(() => decoder.decode(chunk, { stream: true }));
  }
  if (size > max) throw new Refusal(413, "too-large", `the body is at most ${max} bytes long`);
  return text + decoded(() => decoder.decode());
}

/** The body as JSON. */
export async function readJson(request: Request, max: number): Promise<unknown> {
  const text = await readText(request, max);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Refusal(400, "invalid-json", (error as Error).message);
  }
}

function decoded(decode: () => string): string {
  try {
    return decode();
  } catch {
    throw new Refusal(400, "invalid-text", "the body is not UTF-8");
  }
}
