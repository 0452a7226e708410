import { CollectiveError } from "./errors.ts";
import type { Group } from "./group.ts";

/**
 * Rank 0's value on every rank; the others' are ignored. Collective. In a group of one it is `value` itself.
 *
 * @throws {CollectiveError} `option` for a value that JSON has no text for, such as undefined or a function; else as every call of a group.
 *
 * @example
 * ```ts
 * import { isMainThread, Worker, workerData } from "node:worker_threads";
 * import { broadcastJson, createThreadGroup, joinThreadGroup, type ThreadGroupHandle } from "@seg/collectives";
 *
 * // This module runs in two threads.
 * const handle: ThreadGroupHandle = isMainThread ? createThreadGroup({ size: 2 }) : workerData;
 * if (isMainThread) new Worker(new URL(import.meta.url), { workerData: handle });
 * const group = joinThreadGroup(handle, isMainThread ? 1 : 0);
 * // Only rank 0, here the worker, knows it.
 * const { epochs } = broadcastJson(group.rank === 0 ? { epochs: 20 } : { epochs: 0 }, group);
 * console.log(epochs); // 20
 * group.dispose();
 * ```
 */
export function broadcastJson<T>(value: T, group: Group): T {
  if (group.size === 1) return value;
  return decode(group.broadcastBytes(group.rank === 0 ? encode(value) : undefined));
}

/**
 * Every rank's value on every rank, in rank order. Collective. In a group of one it is `value` itself.
 *
 * @throws {CollectiveError} as {@link broadcastJson}.
 *
 * @example
 * ```ts
 * import { isMainThread, Worker, workerData } from "node:worker_threads";
 * import { createThreadGroup, gatherJson, joinThreadGroup, type ThreadGroupHandle } from "@seg/collectives";
 *
 * // This module runs in two threads.
 * const handle: ThreadGroupHandle = isMainThread ? createThreadGroup({ size: 2 }) : workerData;
 * if (isMainThread) new Worker(new URL(import.meta.url), { workerData: handle });
 * const group = joinThreadGroup(handle, isMainThread ? 0 : 1);
 * console.log(gatherJson({ photos: 10 + group.rank }, group)); // [ { photos: 10 }, { photos: 11 } ]
 * group.dispose();
 * ```
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
