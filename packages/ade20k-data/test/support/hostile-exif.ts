import { ascii, u16le, u32le } from "./bytes.ts";

const UNDEFINED = 7;

/**
 * An EXIF block of which every entry claims the same bytes: a reader that copies what entries point to needs the square of the file's size.
 *
 * @param bytes - the size of the block, without `Exif\0\0`.
 */
export function overlappingExif(bytes: number): Buffer {
  const entries = Math.min(65_000, Math.floor((bytes / 2 - 14) / 12));
  const start = 8 + 2 + entries * 12 + 4;
  const length = bytes - start;
  const rows = Array.from({ length: entries }, (_, i) =>
    Buffer.concat([u16le(0xc000 + (i % 0x3000)), u16le(UNDEFINED), u32le(length), u32le(start)]),
  );
  const head = Buffer.concat([ascii("II*\0"), u32le(8), u16le(entries), ...rows, u32le(0)]);
  return Buffer.concat([head, Buffer.alloc(length, 0x41)]);
}

/** An EXIF block that says how the picture is turned, and nothing else. */
export function orientationExif(orientation: number): Buffer {
  const entry = Buffer.concat([u16le(0x0112), u16le(3), u32le(1), u32le(orientation)]);
  return Buffer.concat([ascii("II*\0"), u32le(8), u16le(1), entry, u32le(0)]);
}
