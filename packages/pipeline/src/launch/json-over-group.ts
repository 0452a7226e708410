import type { Group } from "@seg/collectives";

/** Rank 0's value on every rank; the others' is not looked at. Collective. */
export function broadcastJson<T>(value: T, group: Group): T {
  if (group.size === 1) return value;
  const own = group.rank === 0 ? encode(value) : new Float32Array(0);
  const length = Float32Array.of(...lengthOf(own));
  group.broadcast(length);
  const bytes = padded(own, length[0]! * UNIT + length[1]!);
  group.broadcast(bytes);
  return decode(bytes);
}

/** Every rank's value on every rank, in rank order. Collective. */
export function gatherJson<T>(value: T, group: Group): T[] {
  if (group.size === 1) return [value];
  const own = encode(value);
  const lengths = group.allGather(Float32Array.of(...lengthOf(own)));
  const sizes = Array.from({ length: group.size }, (_, rank) => lengths[2 * rank]! * UNIT + lengths[2 * rank + 1]!);
  const longest = Math.max(...sizes);
  const all = group.allGather(padded(own, longest));
  return sizes.map((size, rank) => decode(all.subarray(rank * longest, rank * longest + size)));
}

// Lengths travel in two numbers that floats hold exactly.
const UNIT = 4096;
const lengthOf = ({ length }: Float32Array) => [Math.floor(length / UNIT), length % UNIT];

/** One byte a float: groups carry nothing else. */
const encode = (value: unknown) => Float32Array.from(Buffer.from(JSON.stringify(value)));
const decode = (bytes: Float32Array) => JSON.parse(Buffer.from(bytes).toString());

function padded(values: Float32Array, length: number): Float32Array {
  const result = new Float32Array(length);
  result.set(values.subarray(0, length));
  return result;
}
