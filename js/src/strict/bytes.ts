/** Bytes as `src/codec.rs` writes them for what is not a value: numbers of seven bits a byte, texts and bytes after their length. */

import { readText, writeText } from "../codec.js";
import { utf8Length } from "../value.js";

export class Writer {
  #bytes = new Uint8Array(64);
  #length = 0;

  /** What was written. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  byte(byte: number | boolean): this {
    this.#room(1);
    this.#bytes[this.#length++] = Number(byte);
    return this;
  }

  number(number: number): this {
    let rest = number;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.byte((rest % 0x80) + 0x80);
    return this.byte(rest);
  }

  option(number: number | undefined): this {
    return number === undefined ? this.byte(0) : this.byte(1).number(number);
  }

  raw(bytes: Uint8Array): this {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  block(bytes: Uint8Array): this {
    return this.number(bytes.length).raw(bytes);
  }

  text(text: string): this {
    const size = utf8Length(text);
    this.number(size);
    this.#room(size);
    this.#length = writeText(text, this.#bytes, this.#length);
    return this;
  }

  /** A session, given as sixteen hexadecimal digits: eight bytes, the lowest first. */
  session(id: string): this {
    for (let at = 14; at >= 0; at -= 2) this.byte(Number.parseInt(id.slice(at, at + 2), 16));
    return this;
  }

  #room(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const bytes = new Uint8Array(2 * (this.#length + more));
    bytes.set(this.bytes);
    this.#bytes = bytes;
  }
}

/** Reads what Rust has written: nothing is judged here. */
export class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  byte(): number {
    return this.#bytes[this.#at++] as number;
  }

  number(): number {
    let number = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.byte();
      number += (byte % 0x80) * scale;
      if (byte < 0x80) return number;
    }
  }

  option(): number | undefined {
    return this.byte() === 1 ? this.number() : undefined;
  }

  block(): Uint8Array {
    const length = this.number();
    this.#at += length;
    return this.#bytes.slice(this.#at - length, this.#at);
  }

  text(): string {
    const length = this.number();
    this.#at += length;
    return readText(this.#bytes, this.#at - length, this.#at);
  }

  session(): string {
    let id = "";
    for (let i = 0; i < 8; i++) id = this.byte().toString(16).padStart(2, "0") + id;
    return id;
  }

  list<T>(item: () => T): T[] {
    return Array.from({ length: this.number() }, item);
  }
}
