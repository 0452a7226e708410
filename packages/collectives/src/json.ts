import { CollectiveError } from "./errors.ts";
import type { Group } from "./group.ts";

/**
 * Rank 0's value on every rank; the others' are ignored. Collective. In a group of one it is `value` itself.
 *
 * @throws {CollectiveError} `option` for a value that JSON has no text for, such as undefined or a function; else as every call of a group.
 */
export function broadcastJson<T>(value: T, group: Group): T {
  if (group.size === 1) return value;
  return decode(group.broadcastBytes(group.rank === 0 ? encode(value) : undefined));
}

/**
 * Every rank's value on every rank, in rank order. Collective. In a group of one it is `value` itself.
 *
 * @throws {CollectiveError} as {@link broadcastJson}.
 */
export function gatherJson<T>(value: T, group: Group): T[] {
  if (group.size === 1) return [value];
  return group.allGatherBytes(encode(value)).map((bytes) => decode<T>(bytes));
}

function encode(value: unknown): Uint8Array {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined)
    throw new CollectiveError(
      "option",
      { expected: "a value that JSON can hold", received: typeof value },
      { data: { option: "value", received: typeof value } },
    );
  return new TextEncoder().encode(text);
}

const decode = <T>(bytes: Uint8Array): T => JSON.parse(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
