import { printable, shorten } from "./printable.ts";
import { withoutSecrets } from "./shown-url.ts";

/** What went wrong, in parts: "Expected … but received …: …." */
export interface Explanation {
  /** What was expected, as it follows "Expected". */
  expected: string;
  /** What came in its place, as it follows "but received". */
  received?: string;
  /** What was found where nothing was received, as it follows "but": `there is no such file`. */
  but?: string;
  /** The way out, as it follows the colon: `correct the path`. */
  hint?: string;
}

/**
 * An explanation as one line, in which nothing is left that a terminal would obey.
 *
 * @example
 * ```ts
 * import { explain } from "@seg/errors";
 *
 * console.log(explain({ expected: "a PNG", received: "a JPEG", hint: "convert it" })); // Expected a PNG but received a JPEG: convert it.
 * console.log(explain({ expected: "labels.png", but: "there is no such file" })); // Expected labels.png but there is no such file.
 * ```
 */
export function explain({ expected, received, but, hint }: Explanation): string {
  const found = but ?? `received ${received}`;
  return oneLine(
    `Expected ${expected} but ${found}${hint ? `: ${hint}` : ""}${/[.?!…]$/.test(hint ?? found) ? "" : "."}`,
  );
}

/** Options of {@link SegError}. */
export interface SegErrorOptions<Data extends object = object> extends ErrorOptions {
  /** The values that the line tells of, for programs. */
  data?: Data;
}

/** Shared by all copies of this package, of which a program may hold several. */
const MARK = Symbol.for("@seg/error");

/**
 * The base of every error that the `@seg` packages throw on purpose.
 *
 * @typeParam Code - the package's codes; stable.
 * @typeParam Data - the values behind the line.
 *
 * @example
 * ```ts
 * import { SegError } from "@seg/errors";
 *
 * class KitchenError extends SegError<"too-hot", { celsius: number }> {}
 *
 * const line = { expected: "at most 250 °C", received: "300 °C", hint: "turn it down" };
 * const error = new KitchenError("too-hot", line, { data: { celsius: 300 } });
 * console.log(String(error)); // KitchenError: Expected at most 250 °C but received 300 °C: turn it down.
 * console.log(error.code, error.data.celsius); // too-hot 300
 * ```
 */
export class SegError<Code extends string = string, Data extends object = object> extends Error {
  /** What went wrong, for programs. */
  readonly code: Code;
  /** The values behind the line; empty where there are none. Plain data, so that it crosses threads and processes. */
  readonly data: Partial<Data>;

  /**
   * @param code - what went wrong.
   * @param explanation - what was expected, what came, the way out; or a whole line of another form.
   * @param options - the values behind it, and the error that it comes from.
   */
  constructor(
    code: Code,
    explanation: Explanation | string,
    { data = {} as Data, ...options }: SegErrorOptions<Data> = {},
  ) {
    super(typeof explanation === "string" ? oneLine(explanation) : explain(explanation), options);
    this.name = new.target.name;
    this.code = code;
    this.data = data;
    markSegError(this);
  }
}

/**
 * Whether it is an error of these packages, from whichever copy of them.
 *
 * @example
 * ```ts
 * import { isSegError, SegError } from "@seg/errors";
 *
 * // Holds of errors of every package, without importing its class; the line alone is for people, a stack is for bugs.
 * console.log(isSegError(new SegError("busy", "The folder is in use."))); // true
 * console.log(isSegError(new TypeError("x is not a function"))); // false
 * ```
 */
export function isSegError(error: unknown): error is SegError {
  return error instanceof Error && (error as { [MARK]?: unknown })[MARK] === true;
}

/**
 * Makes {@link isSegError} hold of an error that was one in another thread or process, from which it was sent.
 *
 * @example
 * ```ts
 * import { isSegError, markSegError, SegError } from "@seg/errors";
 *
 * // What comes out of a worker has lost its class.
 * const received = structuredClone(new SegError("busy", "The folder is in use."));
 * console.log(isSegError(received)); // false
 * markSegError(received);
 * console.log(isSegError(received)); // true
 * ```
 */
export function markSegError(error: Error): void {
  Object.defineProperty(error, MARK, { value: true });
}

/** More than any line of ours has; of one that quotes a file without end, what begins and ends it. */
const LONGEST_LINE = 8192;

function oneLine(text: string): string {
  // Before it is searched, and once more because escapes are longer than what they stand for.
  const bounded = withoutSecrets(shorten(text.trim(), LONGEST_LINE));
  return shorten(printable(bounded.replace(/[\t\v\f ]*[\r\n]\s*/g, " ").replaceAll("\t", " ")), LONGEST_LINE);
}
