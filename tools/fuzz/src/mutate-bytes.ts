import type { Random } from "./random.ts";

/** Numbers at which counters overflow, signs turn, and limits lie. */
export const EXTREMES = [
  0, 1, 2, 7, 8, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0xffffff, 0x7ffffffe, 0x7fffffff, 0x80000000,
  0xfffffffe, 0xffffffff,
] as const;

type Mutation = (bytes: Buffer, random: Random) => Buffer;

/** Where a change does most: headers stand at the beginning, zip's directory at the end. */
function place(bytes: Buffer, random: Random): number {
  const near = Math.min(bytes.length, 128);
  return random.pick([random.below(near), bytes.length - 1 - random.below(near), random.below(bytes.length)]);
}

/** A part of the bytes, mostly a short one. */
function part(bytes: Buffer, random: Random): [from: number, to: number] {
  const from = place(bytes, random);
  return [from, Math.min(bytes.length, from + random.size(Math.min(bytes.length, 4096)))];
}

const without = (bytes: Buffer, from: number, to: number) =>
  Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
const inserted = (bytes: Buffer, at: number, more: Uint8Array) =>
  Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)]);

const MUTATIONS: readonly Mutation[] = [
  function flipBit(bytes, random) {
    const at = place(bytes, random);
    bytes[at]! ^= 1 << random.below(8);
    return bytes;
  },
  function setByte(bytes, random) {
    bytes[place(bytes, random)] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.below(256)]);
    return bytes;
  },
  function setNumber(bytes, random) {
    const size = random.pick([2, 4, 4, 8]);
    if (bytes.length < size) return bytes;
    const at = Math.max(0, Math.min(place(bytes, random), bytes.length - size));
    const value = BigInt(random.pick(EXTREMES)) * (size === 8 && random.oneIn(2) ? 0x1_0000_0001n : 1n);
    const number = BigInt.asUintN(size * 8, value);
    const parts = Array.from({ length: size }, (_, i) => Number((number >> BigInt(8 * i)) & 0xffn));
    bytes.set(random.oneIn(2) ? parts : parts.reverse(), at);
    return bytes;
  },
  (bytes, random) => bytes.subarray(0, place(bytes, random)),
  (bytes, random) => without(bytes, ...part(bytes, random)),
  (bytes, random) => inserted(bytes, place(bytes, random), bytes.subarray(...part(bytes, random))),
  (bytes, random) => inserted(bytes, place(bytes, random), random.bytes(random.size(64))),
  (bytes, random) => Buffer.concat([bytes, random.oneIn(2) ? bytes : random.bytes(random.size(1024))]),
  function zero(bytes, random) {
    return bytes.fill(random.pick([0, 0xff]), ...part(bytes, random));
  },
  function overwrite(bytes, random) {
    const [from, to] = part(bytes, random);
    bytes.copy(bytes, Math.min(place(bytes, random), Math.max(0, bytes.length - (to - from))), from, to);
    return bytes;
  },
];

/** A copy of the bytes with one to four changes that know nothing of the format. */
export function mutateBytes(random: Random, seed: Uint8Array): Buffer {
  let bytes: Buffer = Buffer.from(seed);
  for (let i = random.pick([1, 1, 1, 2, 3, 4]); i > 0 && bytes.length > 0; i--) {
    bytes = random.pick(MUTATIONS)(bytes, random);
  }
  return bytes;
}
