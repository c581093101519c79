/** Values as text (CBOR diagnostic notation), and lines as words. JavaScript has one kind of number: 1.0 reads as 1. */

/** Splits a line at spaces that are outside of text, lists and maps. */
export function words(line) {
  const words = [];
  let [word, depth, quoted, escaped] = ["", 0, false, false];
  for (const c of line) {
    if (c === " " && depth === 0 && !quoted) {
      if (word !== "") words.push(word);
      word = "";
      continue;
    }
    word += c;
    if (escaped) escaped = false;
    else if (quoted && c === "\\") escaped = true;
    else if (c === '"') quoted = !quoted;
    else if (!quoted && "[{".includes(c)) depth++;
    else if (!quoted && "]}".includes(c)) depth--;
  }
  return word === "" ? words : [...words, word];
}

/** A key or a name as one word. */
export function bare(text) {
  return /^[A-Za-z0-9_~*/.:-]+$/.test(text) ? text : writeText(text);
}

/** A word that may be quoted. */
export function unquote(word) {
  return word.startsWith('"') ? read(word) : word;
}

/** Writes a value. */
export function write(value) {
  if (typeof value === "string") return writeText(value);
  if (typeof value === "number") return Object.is(value, -0) ? "0" : String(value).replace("e+", "e");
  if (value === null || typeof value !== "object") return String(value);
  if (value instanceof Uint8Array) return `h'${Buffer.from(value).toString("hex")}'`;
  if (Array.isArray(value)) return `[${value.map(write).join(", ")}]`;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  members.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return `{${members.map(([name, member]) => `${writeText(name)}: ${write(member)}`).join(", ")}}`;
}

function writeText(text) {
  const escaped = text.replaceAll(/["\\]/g, "\\$&").replaceAll("\n", "\\n");
  return `"${escaped.replaceAll(/\p{Cc}/gu, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)}"`;
}

/** Reads a value that fills the text. */
export function read(text) {
  const reader = new Reader(text);
  const value = reader.value();
  if (reader.at < text.length) throw new SyntaxError(`${text.slice(reader.at)} after a value`);
  return value;
}

class Reader {
  at = 0;

  constructor(text) {
    this.text = text;
  }

  value() {
    switch (this.text[this.at]) {
      case '"':
        return this.string();
      case "[":
        return this.items("]", () => this.value());
      case "{": {
        const members = this.items("}", () => {
          const name = this.string();
          this.take(/: */y);
          return [name, this.value()];
        });
        return Object.fromEntries(members);
      }
      default:
        return scalar(this.take(/[^,\]} ]*/y));
    }
  }

  items(end, item) {
    const items = [];
    this.take(/. */y);
    while (this.text[this.at] !== end) {
      items.push(item());
      if (this.text[this.at] !== end) this.take(/ *, */y);
    }
    this.at++;
    return items;
  }

  string() {
    const quoted = this.take(/"(?:[^"\\]|\\.)*"/y);
    return JSON.parse(quoted);
  }

  take(pattern) {
    pattern.lastIndex = this.at;
    const [found] = pattern.exec(this.text) ?? [];
    if (found === undefined) throw new SyntaxError(`not a value: ${this.text.slice(this.at)}`);
    this.at += found.length;
    return found;
  }
}

const names = { null: null, true: true, false: false, NaN: Number.NaN, Infinity, "-Infinity": -Infinity };

function scalar(word) {
  if (Object.hasOwn(names, word)) return names[word];
  const [, hex] = /^h'((?:[0-9a-f]{2})*)'$/.exec(word) ?? [];
  if (hex !== undefined) return new Uint8Array(Buffer.from(hex, "hex"));
  if (!/^-?[0-9]+(\.[0-9]+)?(e-?[0-9]+)?$/.test(word)) throw new SyntaxError(`${word} is not a value`);
  const number = Number(word);
  return /[.e]/.test(word) || Number.isSafeInteger(number) ? number : BigInt(word);
}
