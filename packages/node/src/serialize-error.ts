import { isSegError, markSegError } from "@seg/errors";
import * as errors from "serialize-error";

/** An error as plain data, to be sent to another thread or process: a structured clone would lose its name, code and data. */
export interface SerializedError {
  error: errors.ErrorObject;
  /** Whether `isSegError` holds of the error, of its cause, of that one's cause, and so on. */
  marks: boolean[];
}

/**
 * Serializes what was thrown, with its causes; a value that is no error becomes the message of one.
 *
 * @example
 * ```ts
 * import { serializeError } from "@seg/node";
 *
 * const failure = new RangeError("Expected 3 but received 4.", { cause: new Error("the disk is full") });
 * const sent = structuredClone(serializeError(failure));
 * console.log(sent.error.name, sent.marks); // RangeError [ false, false ]
 * ```
 */
export function serializeError(thrown: unknown): SerializedError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  return { error: errors.serializeError(error, { useToJSON: false }), marks: causesOf(error).map(isSegError) };
}

/**
 * Deserializes an error, with its name, message, code, data, causes and original stack. `isSegError` holds of it as it did; of classes only
 * JavaScript's own (`RangeError`, …) are restored.
 *
 * @example
 * ```ts
 * import { isSegError, SegError } from "@seg/errors";
 * import { deserializeError, serializeError } from "@seg/node";
 *
 * const failure = new SegError("too-many", { expected: "3", received: "4" }, { data: { most: 3 } });
 * const received = deserializeError(structuredClone(serializeError(failure)));
 * console.log(isSegError(received) && received.code, received.message); // too-many Expected 3 but received 4.
 * ```
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
