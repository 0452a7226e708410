import { isSegError } from "@seg/errors";

/** The longest line of an error. */
const LONGEST = 8192;

/** C0 and C1 controls, Unicode's line separators and marks of direction. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const OBEYED = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/;

/** What is wrong with a refusal; undefined where it is as promised: a typed error, one line, bounded, harmless, with one of the names, if there are any. */
export function faultOf(error: unknown, names: readonly string[]): string | undefined {
  if (!isSegError(error)) return `a raw ${describe(error)}`;
  const { message, code } = error;
  if (typeof code !== "string") return `no code: ${message.slice(0, 200)}`;
  if (message.length > LONGEST) return `a line of ${message.length} characters`;
  if (OBEYED.test(message)) return `control characters: ${JSON.stringify(message.slice(0, 300))}`;
  if (names.length > 0 && !names.some((name) => message.includes(name)))
    return `no name of the file: ${message.slice(0, 300)}`;
  return undefined;
}

/** An error that is none of the project's, with where it was thrown. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return `${typeof error}: ${String(error).slice(0, 200)}`;
  const place = error.stack?.split("\n").find((line) => /packages\/|node_modules\//.test(line));
  const where = place ? ` (${place.trim().replace(/file:\/\/\S*?\/(packages|node_modules)\//, "$1/")})` : "";
  return `${error.name}: ${error.message.slice(0, 200)}${where}`;
}
