/**
 * What a terminal would obey or hide: C0 and C1 controls, Unicode's line separators, and the marks that turn the direction of text around,
 * with which a file's name can pose as another.
 *
 * @see https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g;

/**
 * Text from a file, a server or a name, as it may stand in a line on a terminal: what a terminal would obey is written as an escape, `\u001b`.
 *
 * @example
 * ```ts
 * import { printable } from "@seg/errors";
 *
 * console.log(printable("a\u001b[2Jb.jpg")); // a\u001b[2Jb.jpg
 * ```
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/**
 * Text of at most `limit` characters: of a longer one the beginning and the end, with `…` between.
 *
 * @example
 * ```ts
 * import { shorten } from "@seg/errors";
 *
 * console.log(shorten("photos/of/a/long/way.jpg", 11)); // photo…y.jpg
 * ```
 */
export function shorten(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const head = Math.ceil((limit - 1) / 2);
  const tail = limit - 1 - head;
  return `${text.slice(0, head)}…${tail > 0 ? text.slice(-tail) : ""}`.replace(LONE_SURROGATE, "");
}

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/**
 * A value that came from a file or a caller, as a message shows it: text in quotes, lists and objects as JSON, `nothing` for undefined. However
 * large, deep or cyclic the value is, it takes no more time than `limit` characters do.
 *
 * @param limit - the most characters; default 80.
 *
 * @example
 * ```ts
 * import { shown } from "@seg/errors";
 *
 * console.log(shown([1, "two"])); // [1,"two"]
 * console.log(shown(undefined)); // nothing
 * ```
 */
export function shown(value: unknown, limit = 80): string {
  const writer = new Writer(limit);
  writer.write(value, 0);
  return shorten(printable(writer.text), limit);
}

/** Deeper lists and objects are shown as `[…]` and `{…}`. */
const DEEPEST = 4;

/** Digits of a larger integer take time that grows with their square. */
const LARGEST = 2n ** 256n;

/** Writes a value until there is more than fits. */
class Writer {
  text = "";
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get #full(): boolean {
    return this.text.length > this.#limit;
  }

  write(value: unknown, depth: number): void {
    if (typeof value === "string") this.text += JSON.stringify(shorten(value, this.#limit));
    else if (typeof value !== "object" || value === null) this.text += plain(value);
    else if (Array.isArray(value)) this.#list(value, "[", "]", depth, (item) => this.write(item, depth + 1));
    else if (isRecord(value)) {
      this.#list(Object.keys(value), "{", "}", depth, (key) => {
        this.text += `${JSON.stringify(shorten(key, this.#limit))}:`;
        this.write(value[key], depth + 1);
      });
    } else this.text += shorten(`[${value.constructor?.name ?? "object"}]`, this.#limit);
  }

  #list<Item>(items: readonly Item[], open: string, close: string, depth: number, write: (item: Item) => void): void {
    this.text += open;
    if (items.length > 0 && depth >= DEEPEST) this.text += "…";
    else {
      for (const [index, item] of items.entries()) {
        if (this.#full) return;
        if (index > 0) this.text += ",";
        write(item);
      }
    }
    this.text += close;
  }
}

function plain(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "bigint" && (value > LARGEST || value < -LARGEST)) return "an integer of more than 256 bits";
  if (typeof value === "function") return "a function";
  return String(value);
}

function isRecord(value: object): value is Record<string, unknown> {
  const prototype = Object.getPrototypeOf(value) as unknown;
  return prototype === null || prototype === Object.prototype;
}
