/** Numbers in `[0, 1)`. */
export type Random = () => number;

/** Numbers that follow from a seed alone (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number from `least` to `most`. */
export const between = (random: Random, least: number, most: number): number =>
  least + Math.floor(random() * (most - least + 1));

export const pick = <T>(random: Random, items: readonly T[]): T => items[Math.floor(random() * items.length)]!;

export const noise = (random: Random, length: number): Buffer =>
  Buffer.from(Uint8Array.from({ length }, () => random() * 256));

export const ascii = (text: string): Buffer => Buffer.from(text, "latin1");

const number = (length: number, write: (buffer: Buffer, value: number) => void) => (value: number) => {
  const buffer = Buffer.alloc(length);
  write(buffer, value);
  return buffer;
};
export const u16be = number(2, (buffer, value) => buffer.writeUInt16BE(value));
export const u32be = number(4, (buffer, value) => buffer.writeUInt32BE(value));
export const u16le = number(2, (buffer, value) => buffer.writeUInt16LE(value));
export const u24le = number(3, (buffer, value) => buffer.writeUIntLE(value, 0, 3));
export const u32le = number(4, (buffer, value) => buffer.writeUInt32LE(value));
export const i32le = number(4, (buffer, value) => buffer.writeInt32LE(value));
export const u64le = number(8, (buffer, value) => buffer.writeBigUInt64LE(BigInt(value)));
