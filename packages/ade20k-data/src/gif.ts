const EXTENSION = 0x21;
const GRAPHIC_CONTROL = 0xf9;
const HAS_TABLE = 0x80;

/**
 * A GIF whose first picture has no transparent index: what lies under it is a colour of the palette, as Pillow gives it, where decoders give
 * black. A copy where that changes anything.
 */
export function opaqueGif(bytes: Uint8Array): Uint8Array {
  const tableBytes = (flags: number) => (flags & HAS_TABLE ? 3 * 2 ** ((flags & 7) + 1) : 0);
  // Extensions, each a row of blocks with their lengths, come before the picture.
  for (let at = 13 + tableBytes(bytes[10] ?? 0); bytes[at] === EXTENSION; at++) {
    if (bytes[at + 1] === GRAPHIC_CONTROL && bytes[at + 3]! & 1) {
      const opaque = Uint8Array.from(bytes);
      opaque[at + 3]! &= ~1;
      return opaque;
    }
    at += 2;
    while (bytes[at]) at += bytes[at]! + 1;
  }
  return bytes;
}
