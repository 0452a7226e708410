import { utf8OrLatin1 } from "./bytes.ts";
import { CheckpointError } from "./errors.ts";
import { Opaque } from "./opaque.ts";

/** The error of a pickle that no machine could have written. */
export const malformed = (what: string): CheckpointError =>
  new CheckpointError("corrupt", `its pickle ${what}: get the file anew`);

const HUGE = new Opaque("builtins.int");
// The digits of the largest integer that is read: `torch.save`'s magic number has 24.
const MAX_DIGITS = 40;

const exact = (value: bigint): number | bigint => (Number.isSafeInteger(Number(value)) ? Number(value) : value);

/** A signed little-endian integer, as a number where that is exact. */
export function integer(bytes: Uint8Array): number | bigint | Opaque {
  if (bytes.length === 0) return 0;
  if (bytes.length > 255) return HUGE;
  return exact(BigInt.asIntN(8 * bytes.length, BigInt(`0x${hexOf(bytes)}`)));
}

/** The digits of a little-endian number. */
const hexOf = (bytes: Uint8Array) =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
    .reverse()
    .join("");

/** An integer as protocol 0 writes it, `12` or `12L`; `00` and `01` are False and True. */
export function decimal(line: string): number | bigint | boolean | Opaque {
  if (line === "00" || line === "01") return line === "01";
  const digits = line.replace(/L$/, "");
  if (!/^[+-]?\d+$/.test(digits)) throw malformed("has an integer that is none");
  return digits.length > MAX_DIGITS ? HUGE : exact(BigInt(digits.replace("+", "")));
}

/** Python 2 wrote names as bytes: UTF-8, or else Latin-1. */
export const text2 = utf8OrLatin1;

/** A string of Python 2 as protocol 0 writes it: in quotes, with the escapes of bytes. */
export function quoted(line: string): string {
  if (!/^(["']).*\1$/s.test(line) || line.length < 2) throw malformed("has a string without quotes");
  return line.slice(1, -1).replace(/\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|.|$)/gs, (whole, code: string) => {
    if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8) & 0xff);
    if (code.length > 1) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    if (code === "x" || code === "") throw malformed("has an escape that is none");
    return ESCAPES[code] ?? whole;
  });
}

const ESCAPES: Readonly<Record<string, string>> = {
  ...{ a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" },
  ...{ "\\": "\\", "'": "'", '"': '"' },
};

/** Text as protocol 0 writes it: of its backslashes only those count, behind an even number of others, that a character's number follows. */
export const rawUnicode = (text: string): string =>
  text.replace(/\\\\|\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})|\\[uU]/g, (whole, short?: string, long?: string) => {
    if (whole === "\\\\") return whole;
    const code = Number.parseInt(short ?? long ?? "", 16);
    if (!(code <= 0x10ffff)) throw malformed("has an escape that is none");
    return String.fromCodePoint(code);
  });
