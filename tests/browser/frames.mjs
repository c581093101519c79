/**
 * Frames as `src/replica/frame.rs` writes them, taken apart and sealed anew: what a damaged, hostile or newer peer might
 * send. A frame is a head, a payload, and the hash of both.
 */

const VERSION_AT = 2;
const OLDEST_AT = 3;
const SENDER_AT = 2 + 2 + 8;
const NUMBERS_AT = 2 + 2 + 3 * 8;
const SUM_BYTES = 8;

/** The same frame, from a peer that writes one version and can be read by another. */
export function withVersion(frame, version, oldest) {
  const head = frame.slice();
  [head[VERSION_AT], head[OLDEST_AT]] = [version, oldest];
  return sealed(head.subarray(0, -SUM_BYTES));
}

/** The same frame from a sender with another number. */
export function withSender(frame, sender) {
  const head = frame.slice(0, -SUM_BYTES);
  new DataView(head.buffer).setBigUint64(SENDER_AT, BigInt(sender), true);
  return sealed(head);
}

/** The same frame around another payload. */
export const withPayload = (frame, payload) =>
  sealed(Uint8Array.of(...frame.subarray(0, payloadAt(frame)), ...payload));

export const payloadOf = (frame) => frame.subarray(payloadAt(frame), -SUM_BYTES);

/** After the head come three numbers of seven bits a byte: message, part, parts. */
function payloadAt(frame) {
  let at = NUMBERS_AT;
  for (let numbers = 0; numbers < 3; at++) if (frame[at] < 128) numbers++;
  return at;
}

function sealed(body) {
  const frame = new Uint8Array(body.length + SUM_BYTES);
  frame.set(body);
  new DataView(frame.buffer).setBigUint64(body.length, hash(body), true);
  return frame;
}

/** `hash` of `src/codec.rs`. */
function hash(bytes) {
  let state = 0x9e3779b97f4a7c15n ^ BigInt(bytes.length);
  for (let at = 0; at + 8 <= bytes.length; at += 8) state = mix(state ^ number(bytes.subarray(at, at + 8)));
  return mix(state ^ number(bytes.subarray(bytes.length - (bytes.length % 8))));
}

const number = (bytes) => bytes.reduceRight((number, byte) => (number << 8n) | BigInt(byte), 0n);
const wrap = (number) => BigInt.asUintN(64, number);

function mix(number) {
  number = wrap((number ^ (number >> 30n)) * 0xbf58476d1ce4e5b9n);
  number = wrap((number ^ (number >> 27n)) * 0x94d049bb133111ebn);
  return number ^ (number >> 31n);
}
