import type { Group } from "@seg/collectives";

/** Rank 0's value on every replica; the others' is not looked at. Collective. */
export function broadcastJson<T>(value: T, group: Group): T {
  if (group.size === 1) return value;
  const own = group.rank === 0 ? Buffer.from(JSON.stringify(value)) : Buffer.alloc(0);
  // In units that a float holds exactly.
  const length = Float32Array.of(own.length >> 12, own.length & 0xfff);
  group.broadcast(length);
  const bytes = new Float32Array(length[0]! * 4096 + length[1]!);
  bytes.set(own.subarray(0, bytes.length));
  group.broadcast(bytes);
  return JSON.parse(Buffer.from(bytes).toString());
}
