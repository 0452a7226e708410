import { isSegError, markSegError } from "@seg/errors";
import * as errors from "serialize-error";

/** An error as plain data, to be sent to another thread or process: a structured clone would lose its name, code and data. */
export interface SerializedError {
  error: errors.ErrorObject;
  /** Whether `isSegError` holds of the error, of its cause, of that one's cause, and so on. */
  marks: boolean[];
}

/** Serializes what was thrown, with its causes; a value that is no error becomes the message of one. */
export function serializeError(thrown: unknown): SerializedError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  return { error: errors.serializeError(error, { useToJSON: false }), marks: causesOf(error).map(isSegError) };
}

/**
 * Deserializes an error, with its name, message, code, data, causes and original stack. `isSegError` holds of it as it did; of classes only
 * JavaScript's own (`RangeError`, …) are restored.
 */
export function deserializeError({ error: sent, marks }: SerializedError): Error {
  const error = errors.deserializeError(sent);
  for (const [i, cause] of causesOf(error).entries()) if (marks[i]) markSegError(cause);
  return error;
}

/** The error, its cause, and so on; a cycle is walked once. */
function causesOf(error: Error): Error[] {
  const chain = new Set<Error>();
  for (let next: unknown = error; next instanceof Error && !chain.has(next); next = next.cause) chain.add(next);
  return [...chain];
}
