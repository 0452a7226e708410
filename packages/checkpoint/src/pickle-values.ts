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
export function integer(bytes: Buffer): number | bigint | Opaque {
  if (bytes.length === 0) return 0;
  if (bytes.length > 255) return HUGE;
  return exact(BigInt.asIntN(8 * bytes.length, BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`)));
}

/** An integer as protocol 0 writes it, `12` or `12L`; `00` and `01` are False and True. */
export function decimal(line: string): number | bigint | boolean | Opaque {
  if (line === "00" || line === "01") return line === "01";
  const digits = line.replace(/L$/, "");
  if (!/^[+-]?\d+$/.test(digits)) throw malformed("has an integer that is none");
  return digits.length > MAX_DIGITS ? HUGE : exact(BigInt(digits.replace("+", "")));
}

/** Python 2 wrote names as bytes: UTF-8, or else Latin-1. */
export const text2 = (bytes: Buffer): string => {
  const text = bytes.toString("utf8");
  return text.includes("\ufffd") ? bytes.toString("latin1") : text;
};

/** A string as protocol 0 writes it: in quotes, with Python's escapes. */
export function quoted(line: string): string {
  if (!/^(["']).*\1$/s.test(line) || line.length < 2) throw malformed("has a string without quotes");
  return unescaped(line.slice(1, -1));
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", "\\": "\\", "'": "'", '"': '"' };

export const unescaped = (text: string): string =>
  text.replace(/\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U000[0-9a-f]{5}|U0010[0-9a-f]{4}|.)/gi, (whole, code: string) =>
    code.length > 1 ? String.fromCodePoint(Number.parseInt(code.slice(1), 16)) : (ESCAPES[code] ?? whole),
  );
