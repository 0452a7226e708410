import { CollectiveError } from "./errors.ts";

/** How long a call waits for the others, in milliseconds, where nothing is said. */
export const TIMEOUT_MS = 10_000;

/** @throws {CollectiveError} `option`, unless `size` is a count of ranks. */
export function checkSize(size: number): void {
  if (!Number.isInteger(size) || size < 1 || size > 1024)
    throw new CollectiveError("option", `Expected size to be a whole number from 1 to 1024 but received ${size}.`);
}

/** @throws {CollectiveError} `option`, unless `rank` is one of `size` ranks. */
export function checkRank(rank: number, size: number, name = "rank"): void {
  if (!Number.isInteger(rank) || rank < 0 || rank >= size)
    throw new CollectiveError(
      "option",
      `Expected ${name} to be a whole number from 0 to ${size - 1} but received ${rank}.`,
    );
}

/** @throws {CollectiveError} `option`, unless `timeoutMs` is a time; `Infinity` is one. */
export function checkTimeout(timeoutMs: number): void {
  if (!(timeoutMs > 0))
    throw new CollectiveError("option", `Expected timeoutMs to be more than 0 but received ${timeoutMs}.`);
}

/** @throws {CollectiveError} `option`, unless `data` is a Float32Array. */
export function checkData(data: Float32Array): void {
  if (!(data instanceof Float32Array))
    throw new CollectiveError("option", `Expected data to be a Float32Array but received ${kindOf(data)}.`);
}

/** The length of a call travels as a number of 32 bits. */
const MOST_BYTES = 2 ** 32 - 1;

/** @throws {CollectiveError} `option`, unless `data` is a Uint8Array of less than 4 GiB. */
export function checkBytes(data: Uint8Array | undefined): asserts data is Uint8Array {
  if (!(data instanceof Uint8Array))
    throw new CollectiveError("option", `Expected data to be a Uint8Array but received ${kindOf(data)}.`);
  if (data.length > MOST_BYTES)
    throw new CollectiveError("option", `Expected data of at most ${MOST_BYTES} bytes but received ${data.length}.`);
}

function kindOf(value: unknown): string {
  return (value as object | undefined)?.constructor?.name ?? String(value);
}

/** @throws {CollectiveError} `option`, unless `chunkLength` is a count of numbers that a slot may hold. */
export function checkChunkLength(chunkLength: number): void {
  if (!Number.isInteger(chunkLength) || chunkLength < 1 || chunkLength > 2 ** 24)
    throw new CollectiveError(
      "option",
      `Expected chunkLength to be a whole number from 1 to ${2 ** 24} but received ${chunkLength}.`,
    );
}

/** @throws {CollectiveError} `option`, unless `name` can be part of a file's name. */
export function checkName(name: string): void {
  if (!/^[\w.-]{1,100}$/.test(name))
    throw new CollectiveError(
      "option",
      `Expected a name of 1 to 100 letters, digits, dots, dashes and underscores but received ${JSON.stringify(name)}.`,
    );
}
