/** Numbers in [0, n). */
export type Roll = (n: number) => number;

/** A seeded source of them. */
export function dice(seed: number): Roll {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x9e3779b9) >>> 0;
    let x = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
    return Math.floor((((x ^ (x >>> 15)) >>> 0) / 2 ** 32) * n);
  };
}

// Sizes and counts that break readers.
const EXTREMES = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

/** A copy of `bytes` with a few random faults in its first `reach` bytes; one in four is cut off. */
export function mutate(bytes: Uint8Array, roll: Roll, reach = bytes.length): Buffer {
  let copy = Buffer.from(bytes);
  for (let faults = 1 + roll(4); faults > 0; faults--) {
    const at = roll(Math.min(reach, copy.length));
    switch (roll(6)) {
      case 0:
        copy[at]! ^= 1 << roll(8);
        break;
      case 1:
        copy[at] = roll(256);
        break;
      case 2:
        if (at + 4 <= copy.length) copy.writeUInt32LE(EXTREMES[roll(EXTREMES.length)]!, at);
        break;
      case 3:
        copy.copyWithin(at, roll(reach), roll(reach));
        break;
      case 4:
        copy.subarray(at, at + roll(16)).fill(roll(256));
        break;
      case 5:
        copy = Buffer.concat([copy.subarray(0, at), copy.subarray(Math.min(copy.length, at + roll(9)))]);
        break;
    }
  }
  return roll(4) === 0 ? copy.subarray(0, roll(copy.length + 1)) : copy;
}
