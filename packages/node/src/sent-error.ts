import { isSegError, markSegError } from "@seg/errors";
import { deserializeError, type ErrorObject, serializeError } from "serialize-error";

/** An error on its way to another thread or process, as plain data: a structured clone would lose its name, code and data. */
export interface SentError {
  error: ErrorObject;
  /** Whether `isSegError` holds of the error, of its cause, of that one's cause, and so on. */
  marks: boolean[];
}

/** What was thrown, ready to be sent, with its causes; whatever is no error becomes the message of one. */
export function packError(thrown: unknown): SentError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  return { error: serializeError(error, { useToJSON: false }), marks: causesOf(error).map(isSegError) };
}

/**
 * The error that was sent, with its name, message, code, data, causes and the stack from over there. `isSegError` holds of it as it did;
 * of classes only JavaScript's own (`RangeError`, …) come back.
 */
export function unpackError({ error: sent, marks }: SentError): Error {
  const error = deserializeError(sent);
  for (const [i, cause] of causesOf(error).entries()) if (marks[i]) markSegError(cause);
  return error;
}

/** The error, its cause, and so on; a circle is walked once. */
function causesOf(error: Error): Error[] {
  const chain = new Set<Error>();
  for (let next: unknown = error; next instanceof Error && !chain.has(next); next = next.cause) chain.add(next);
  return [...chain];
}
