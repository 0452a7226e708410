const EXTENSION = 0x21;
const GRAPHIC_CONTROL = 0xf9;
const PICTURE = 0x2c;
const TRAILER = 0x3b;
const HAS_TABLE = 0x80;

/**
 * A GIF's first picture alone, without a transparent index: what lies under it is a colour of the palette, as Pillow gives it, where decoders
 * give black. A copy.
 */
export function firstPicture(bytes: Buffer): Buffer {
  const tableBytes = (flags = 0) => (flags & HAS_TABLE ? 3 * 2 ** ((flags & 7) + 1) : 0);
  const transparent: number[] = [];
  let at = 13 + tableBytes(bytes[10]);
  // A row of blocks with their lengths, the last one empty.
  const skipBlocks = () => {
    while (bytes[at]) at += bytes[at]! + 1;
    at++;
  };
  // Extensions come before the picture.
  while (bytes[at] === EXTENSION) {
    if (bytes[at + 1] === GRAPHIC_CONTROL && bytes[at + 3]! & 1) transparent.push(at + 3);
    at += 2;
    skipBlocks();
  }
  const isWhole = bytes[at] === PICTURE;
  if (isWhole) {
    at += 10 + tableBytes(bytes[at + 9]) + 1;
    skipBlocks();
  }
  // Of a file that is cut off, or is damaged before its picture, its decoder tells.
  if (!isWhole || at > bytes.length) at = bytes.length;
  const opaque = Buffer.alloc(at + 1);
  opaque.set(bytes.subarray(0, at));
  for (const flags of transparent) opaque[flags]! &= ~1;
  opaque[at] = TRAILER;
  return at === bytes.length ? opaque.subarray(0, at) : opaque;
}
