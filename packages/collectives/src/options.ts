import { CollectiveError } from "./errors.ts";

/** Default of `timeoutMs`: how long a call waits for the others, in milliseconds. */
export const TIMEOUT_MS = 10_000;

const optionError = (option: string, expected: string, received: unknown, but?: string) =>
  new CollectiveError(
    "option",
    { expected, ...(but ? { but } : { received: String(received) }) },
    { data: { option, received } },
  );

/** @throws {CollectiveError} `option`, unless `size` is a count of ranks. */
export function checkSize(size: number): void {
  if (!Number.isInteger(size) || size < 1 || size > 1024)
    throw optionError("size", "size to be a whole number from 1 to 1024", size);
}

/** @throws {CollectiveError} `option`, unless `rank` is one of `size` ranks. */
export function checkRank(rank: number, size: number, name = "rank"): void {
  if (!Number.isInteger(rank) || rank < 0 || rank >= size)
    throw optionError(name, `${name} to be a whole number from 0 to ${size - 1}`, rank);
}

/** @throws {CollectiveError} `option`, unless `timeoutMs` is a time; `Infinity` is one. */
export function checkTimeout(timeoutMs: number): void {
  if (!(timeoutMs > 0)) throw optionError("timeoutMs", "timeoutMs to be more than 0", timeoutMs);
}

/** @throws {CollectiveError} `option`, unless `data` is a Float32Array. */
export function checkData(data: Float32Array): void {
  if (!(data instanceof Float32Array)) throw optionError("data", "data to be a Float32Array", kindOf(data));
}

/** The length of a call travels as a number of 32 bits. */
const MOST_BYTES = 2 ** 32 - 1;

/** @throws {CollectiveError} `option`, unless `data` is a Uint8Array of less than 4 GiB. */
export function checkBytes(data: Uint8Array | undefined): asserts data is Uint8Array {
  if (!(data instanceof Uint8Array)) throw optionError("data", "data to be a Uint8Array", kindOf(data));
  if (data.length > MOST_BYTES) throw optionError("data", `data of at most ${MOST_BYTES} bytes`, data.length);
}

function kindOf(value: unknown): string {
  return (value as object | undefined)?.constructor?.name ?? String(value);
}

/** @throws {CollectiveError} `option`, unless `chunkLength` is a count of numbers that a slot may hold. */
export function checkChunkLength(chunkLength: number): void {
  if (!Number.isInteger(chunkLength) || chunkLength < 1 || chunkLength > 2 ** 24)
    throw optionError("chunkLength", `chunkLength to be a whole number from 1 to ${2 ** 24}`, chunkLength);
}

/** @throws {CollectiveError} `option`, unless `name` can be part of a file's name. */
export function checkName(name: string): void {
  if (!/^[\w.-]{1,100}$/.test(name))
    throw optionError(
      "name",
      "a name of 1 to 100 letters, digits, dots, dashes and underscores",
      name,
      `received ${JSON.stringify(name)}`,
    );
}
