import { crc32, deflateSync } from "node:zlib";

/** What {@link encodePng} writes. */
export interface PngValues {
  width: number;
  height: number;
  depth: number;
  /** PNG's colour type: 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha. */
  colorType: 0 | 2 | 3 | 4 | 6;
  interlaced?: boolean;
  /** `height × width × channels` values. */
  values: readonly number[];
  /** RGB after RGB; made up unless given. */
  palette?: readonly number[];
  /** Chunks between the header and the pixels. */
  extra?: readonly Buffer[];
}

const CHANNELS = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
/** First column, first row, step of columns, step of rows of Adam7's passes, as PNG's specification has them. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

export function chunk(type: string, data: Uint8Array): Buffer {
  const whole = Buffer.alloc(12 + data.length);
  whole.writeUInt32BE(data.length);
  whole.write(type, 4, "latin1");
  whole.set(data, 8);
  whole.writeUInt32BE(crc32(whole.subarray(4, -4)), whole.length - 4);
  return whole;
}

/** A PNG, written bit by bit as its specification says: other encoders do not interlace small depths. */
export function encodePng({
  width,
  height,
  depth,
  colorType,
  interlaced,
  values,
  palette,
  extra = [],
}: PngValues): Buffer {
  const channels = CHANNELS[colorType];
  const rows: number[] = [];
  for (const [left, top, stepX, stepY] of interlaced ? ADAM7 : [[0, 0, 1, 1] as const]) {
    if (left >= width) continue;
    for (let y = top; y < height; y += stepY) {
      let bits = "";
      for (let x = left; x < width; x += stepX) {
        for (let c = 0; c < channels; c++) {
          bits += values[(y * width + x) * channels + c]!.toString(2).padStart(depth, "0");
        }
      }
      rows.push(0);
      for (let i = 0; i < bits.length; i += 8) rows.push(Number.parseInt(bits.slice(i, i + 8).padEnd(8, "0"), 2));
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header.set([depth, colorType, 0, 0, interlaced ? 1 : 0], 8);
  const colors = Uint8Array.from(
    palette ?? Array.from({ length: 3 * 2 ** Math.min(depth, 8) }, (_, i) => (i * 37) % 256),
  );
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    ...(colorType === 3 ? [chunk("PLTE", colors)] : []),
    ...extra,
    chunk("IDAT", deflateSync(Uint8Array.from(rows))),
    chunk("IEND", new Uint8Array(0)),
  ]);
}
