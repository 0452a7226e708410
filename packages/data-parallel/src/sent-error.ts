/** An error on its way to another thread or process: a clone of it would lose its name and code. */
export interface SentError extends Pick<Error, "name" | "message" | "stack"> {
  code: unknown;
  rank: unknown;
  cause: SentError | undefined;
}

/** What was thrown, ready to be sent; its causes with it. */
export function packError(thrown: unknown): SentError {
  const error = (thrown instanceof Error ? thrown : new Error(String(thrown))) as Error & {
    code: unknown;
    rank: unknown;
  };
  const { name, message, stack, code, rank, cause } = error;
  return {
    name,
    message,
    stack,
    code: plain(code),
    rank: plain(rank),
    cause: cause === undefined || cause === thrown ? undefined : packError(cause),
  };
}

/** An error like the one that was sent, with its stack from over there. */
export function unpackError({ message, cause, ...others }: SentError): Error {
  const error = new Error(message, cause && { cause: unpackError(cause) });
  for (const [name, value] of Object.entries(others)) {
    if (value !== undefined) Object.defineProperty(error, name, { value, configurable: true, writable: true });
  }
  return error;
}

const plain = (value: unknown) => (["string", "number"].includes(typeof value) ? value : undefined);
