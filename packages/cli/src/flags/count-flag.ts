import { UsageError } from "../errors.ts";

/**
 * Reads the value of a flag that counts something; undefined where it was not given.
 *
 * @throws {UsageError} if it is no whole number of at least 1.
 */
export function countFlag(flag: string, text: string | undefined): number | undefined {
  if (text === undefined || /^[1-9]\d{0,8}$/.test(text)) return text === undefined ? undefined : Number(text);
  const explanation = { expected: `a number of at least 1 for ${flag}`, received: `"${text}"` };
  throw new UsageError(explanation, { flag, value: text });
}
