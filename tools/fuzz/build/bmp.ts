/** What a BMP's header says; what is left out is as it should be. */
export interface BmpParts {
  width: number;
  height: number;
  bits: number;
  compression?: number;
  headerSize?: number;
  offset?: number;
  colors?: number;
  palette?: Uint8Array;
  data: Uint8Array;
}

/** A BMP of Windows' kind. */
export function bmp({
  width,
  height,
  bits,
  compression = 0,
  headerSize = 40,
  offset,
  colors = 0,
  palette = new Uint8Array(),
  data,
}: BmpParts): Buffer {
  const head = Buffer.alloc(14 + 40);
  head.write("BM");
  head.writeUInt32LE(head.length + palette.length + data.length, 2);
  head.writeUInt32LE((offset ?? head.length + palette.length) >>> 0, 10);
  head.writeUInt32LE(headerSize >>> 0, 14);
  head.writeInt32LE(width | 0, 18);
  head.writeInt32LE(height | 0, 22);
  head.writeUInt16LE(1, 26);
  head.writeUInt16LE(bits & 0xffff, 28);
  head.writeUInt32LE(compression >>> 0, 30);
  head.writeUInt32LE(colors >>> 0, 46);
  return Buffer.concat([head, palette, data]);
}
