/** FNV-1a, 32 bits, of a string's UTF-8 bytes. */
export function hash(key: string): number {
  let h = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(key)) h = Math.imul(h ^ byte, 0x01000193);
  return h >>> 0;
}

/**
 * The made-up numbers of the reference values (its README gives the formula): `count` numbers u in [0, 1) that depend on
 * `key` alone, each passed through `map`.
 */
export function uniform(key: string, count: number, map: (u: number) => number = (u) => u): Float64Array {
  const base = hash(key);
  return Float64Array.from({ length: count }, (_, i) => {
    let x = (base + Math.imul(i, 2654435761)) >>> 0;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    x = (x ^ (x >>> 16)) >>> 0;
    return map(x / 2 ** 32);
  });
}
