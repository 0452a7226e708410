import { isSegError, markSegError } from "@seg/errors";

/** An error as plain data: a structured clone would lose its name, code and data. */
export interface SentError {
  name: string;
  message: string;
  stack: string | undefined;
  code: unknown;
  data: unknown;
  isSegError: boolean;
  cause: SentError | undefined;
}

/** More causes than any error has. */
const DEEPEST = 8;

/** An error, to be sent. */
export function sentError(thrown: unknown, depth = 0): SentError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const { name, message, stack, cause } = error;
  const { code, data } = error as { code?: unknown; data?: unknown };
  return {
    ...{ name, message, stack, code: typeof code === "string" ? code : undefined, data: plain(data) },
    isSegError: isSegError(error),
    cause: cause === undefined || depth === DEEPEST ? undefined : sentError(cause, depth + 1),
  };
}

/** The error that was sent: its name, code, message, data, causes, and whether `isSegError` holds of it. */
export function receivedError({ name, message, stack, code, data, isSegError: is, cause }: SentError): Error {
  const error = new Error(message, cause && { cause: receivedError(cause) });
  const own = { name, stack, ...(code !== undefined && { code }), ...(data !== undefined && { data }) };
  for (const [key, value] of Object.entries(own)) {
    Object.defineProperty(error, key, {
      value,
      configurable: true,
      writable: true,
      enumerable: key === "code" || key === "data",
    });
  }
  if (is) markSegError(error);
  return error;
}

/** What of data can be sent. */
function plain(data: unknown): unknown {
  if (data === undefined) return undefined;
  try {
    return structuredClone(data);
  } catch {
    return JSON.parse(JSON.stringify(data));
  }
}
