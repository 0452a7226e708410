import { crc32, deflateSync } from "node:zlib";

/** What a PNG's header says. */
export interface PngHeader {
  width: number;
  height: number;
  depth?: number;
  /** 0 grey, 2 RGB, 3 indices into a palette, 4 grey and alpha, 6 RGB and alpha. */
  type?: number;
  interlaced?: boolean;
}

/** A chunk, with the checksum that it should have unless another is given. */
export type Chunk = readonly [type: string, data: Uint8Array, crc?: number];

const SIGNATURE = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");

/** A PNG of these chunks, whatever they are. */
export function png(chunks: readonly Chunk[]): Buffer {
  const parts = chunks.flatMap(([type, data, crc]) => {
    const [head, tail] = [Buffer.alloc(8), Buffer.alloc(4)];
    head.writeUInt32BE(data.length);
    head.write(type.slice(0, 4).padEnd(4), 4, "latin1");
    tail.writeUInt32BE((crc ?? crc32(Buffer.concat([head.subarray(4), data]))) >>> 0);
    return [head, data, tail];
  });
  return Buffer.concat([SIGNATURE, ...parts]);
}

/** The header's chunk. */
export function ihdr({ width, height, depth = 8, type = 0, interlaced = false }: PngHeader): Chunk {
  const data = Buffer.alloc(13);
  data.writeUInt32BE(width >>> 0);
  data.writeUInt32BE(height >>> 0, 4);
  data.set([depth, type, 0, 0, interlaced ? 1 : 0], 8);
  return ["IHDR", data];
}

const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** Bytes of the rows of a picture that is not interlaced, the filter's byte included. */
export const rowBytes = ({ width, height, depth = 8, type = 0 }: PngHeader): number =>
  height * (1 + Math.ceil((width * depth * (CHANNELS[type] ?? 1)) / 8));

/** A picture: its header, rows of random values below `most`, a palette where it wants one. */
export function picture(header: PngHeader, values: (at: number) => number): Chunk[] {
  const rows = Buffer.alloc(rowBytes(header));
  const stride = rows.length / header.height;
  for (let i = 0; i < rows.length; i++) rows[i] = i % stride === 0 ? 0 : values(i);
  const palette: Chunk[] = header.type === 3 ? [["PLTE", Buffer.alloc(3 * 2 ** (header.depth ?? 8), 0x55)]] : [];
  return [ihdr(header), ...palette, ["IDAT", deflateSync(rows)], ["IEND", Buffer.alloc(0)]];
}
