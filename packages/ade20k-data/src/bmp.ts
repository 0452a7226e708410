/** What a BMP file says of itself before its pixels. */
export interface BmpHeader {
  width: number;
  height: number;
  /** Whether the first row of the file is the image's upper one. */
  topDown: boolean;
  bits: number;
  compression: number;
  /** Where the pixels begin. */
  offset: number;
  /** The palette's colours, RGB after RGB; short where the file names fewer than its bits allow. */
  palette: Uint8Array;
  /** Which bits of a pixel are red, green and blue, where it has 16 or 32. */
  masks: readonly [number, number, number];
}

const [PLAIN, RLE8, RLE4, BIT_FIELDS, ALPHA_BIT_FIELDS] = [0, 1, 2, 3, 6];
const FILE_HEADER = 14;

/**
 * Reads a BMP's header: Windows' of every version, and OS/2's.
 *
 * @throws {RangeError} if the file ends within it.
 * @throws {Error} with what it is, if it is no picture that can be read.
 */
export function bmpHeader(bytes: Uint8Array): BmpHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const u16 = (at: number) => view.getUint16(at, true);
  const u32 = (at: number) => view.getUint32(at, true);
  const size = u32(FILE_HEADER);
  const isCore = size === 12;
  const [width, rows] = isCore ? [u16(18), u16(20)] : [view.getInt32(18, true), view.getInt32(22, true)];
  const bits = isCore ? u16(24) : u16(28);
  // OS/2's longer header may end before it says how pixels are packed.
  const compression = size >= 20 ? u32(30) : PLAIN;
  const isPacked = (compression === RLE8 && bits === 8) || (compression === RLE4 && bits === 4);
  const isMasked = (compression === BIT_FIELDS || compression === ALPHA_BIT_FIELDS) && (bits === 16 || bits === 32);
  const isPlain = compression === PLAIN && [1, 2, 4, 8, 16, 24, 32].includes(bits);
  if (!isPacked && !isMasked && !isPlain) {
    throw new Error(`unsupported: ${bits} bits a pixel, compression ${compression}`);
  }
  const masksAt = FILE_HEADER + 40;
  const masks: [number, number, number] = isMasked
    ? [u32(masksAt), u32(masksAt + 4), u32(masksAt + 8)]
    : bits === 16
      ? [0x7c00, 0x3e0, 0x1f]
      : [0xff0000, 0xff00, 0xff];
  const offset = u32(10);
  const maskBytes = isMasked && size === 40 ? (compression === ALPHA_BIT_FIELDS ? 16 : 12) : 0;
  const colors = bits > 8 ? 0 : Math.min((size >= 36 && u32(46)) || 2 ** bits, 2 ** bits);
  const palette = paletteOf(bytes.subarray(FILE_HEADER + size + maskBytes, offset), isCore ? 3 : 4, colors);
  return { width, height: Math.abs(rows), topDown: rows < 0, bits, compression, offset, palette, masks };
}

/** Blue, green, red, and mostly a byte that says nothing, for each colour. */
function paletteOf(bytes: Uint8Array, step: 3 | 4, colors: number): Uint8Array {
  const count = Math.min(colors, Math.floor(bytes.length / step));
  const palette = new Uint8Array(count * 3);
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < 3; c++) palette[i * 3 + c] = bytes[i * step + 2 - c]!;
  }
  return palette;
}

/**
 * The pixels of a BMP: RGB, row by row from the upper one, with the values that Pillow gives; alpha is dropped, indices without a colour
 * are black.
 *
 * @throws {Error} if the file ends before its pixels do.
 */
export function decodeBmp(bytes: Uint8Array, header: BmpHeader): Uint8Array {
  const { width, height, bits, compression, offset, topDown } = header;
  const data = bytes.subarray(offset);
  if (compression === RLE8 || compression === RLE4) return unpackRuns(data, header);
  const stride = Math.ceil((width * bits) / 32) * 4;
  // The last row may lack what only fills it up.
  if (data.length < stride * (height - 1) + Math.ceil((width * bits) / 8)) throw new Error("too short");
  const rgb = new Uint8Array(width * height * 3);
  const read = bits > 8 ? colorReader(data, header) : indexReader(data, header);
  for (let y = 0; y < height; y++) read((topDown ? y : height - 1 - y) * stride, rgb, y * width * 3);
  return rgb;
}

/** Writes the RGB of the row that begins at `row` to `o`. */
type RowReader = (row: number, rgb: Uint8Array, o: number) => void;

function indexReader(rows: Uint8Array, { width, bits, palette }: BmpHeader): RowReader {
  const colors = colorTable(palette);
  const mask = 2 ** bits - 1;
  return (row, rgb, o) => {
    for (let x = 0, bit = 0; x < width; x++, bit += bits, o += 3) {
      const color = ((rows[row + (bit >> 3)]! >> (8 - bits - (bit & 7))) & mask) * 3;
      rgb[o] = colors[color]!;
      rgb[o + 1] = colors[color + 1]!;
      rgb[o + 2] = colors[color + 2]!;
    }
  };
}

/** A colour for each index that there can be. */
function colorTable(palette: Uint8Array): Uint8Array {
  const colors = new Uint8Array(256 * 3);
  colors.set(palette);
  return colors;
}

function colorReader(rows: Uint8Array, { width, bits, masks }: BmpHeader): RowReader {
  if (bits === 24 || (bits === 32 && masks.join() === [0xff0000, 0xff00, 0xff].join())) {
    const step = bits / 8;
    return (row, rgb, o) => {
      for (let x = 0, i = row; x < width; x++, i += step, o += 3) {
        rgb[o] = rows[i + 2]!;
        rgb[o + 1] = rows[i + 1]!;
        rgb[o + 2] = rows[i]!;
      }
    };
  }
  const channels = masks.map(channelOf);
  const view = new DataView(rows.buffer, rows.byteOffset, rows.byteLength);
  return (row, rgb, o) => {
    for (let x = 0; x < width; x++) {
      const value = bits === 16 ? view.getUint16(row + x * 2, true) : view.getUint32(row + x * 4, true);
      for (const channel of channels) rgb[o++] = channel(value);
    }
  };
}

/** Takes the bits of a mask out of a pixel and brings them to 0-255. */
function channelOf(mask: number): (pixel: number) => number {
  if (mask === 0) return () => 0;
  const shift = 31 - Math.clz32(mask & -mask);
  const most = mask >>> shift;
  return (pixel) => Math.floor((((pixel & mask) >>> shift) * 255) / most);
}

/**
 * RGB from runs: a count and an index (two of them by turns, at 4 bits); or 0 and 0 for a row's end, 1 for the image's, 2 for a step to the
 * right and on, a larger number for so many indices as they are, filled up to a whole word. What is stepped over has index 0; as that costs a
 * file nothing, it must cost next to nothing here.
 */
function unpackRuns(data: Uint8Array, { width, height, compression, palette, topDown }: BmpHeader): Uint8Array {
  const colors = colorTable(palette);
  const rgb = new Uint8Array(width * height * 3);
  if (colors[0] || colors[1] || colors[2]) Buffer.from(rgb.buffer).fill(colors.subarray(0, 3));
  const isNibbles = compression === RLE4;
  const nibble = (byte: number, i: number) => (isNibbles ? (i % 2 ? byte & 15 : byte >> 4) : byte);
  let [x, y, i] = [0, 0, 0];
  /** How many of the next pixels are within the row: the others are lost. */
  const within = (count: number) => Math.min(count, width - x);
  const put = (at: number, index: number) => {
    const o = ((topDown ? y : height - 1 - y) * width + at) * 3;
    rgb[o] = colors[index * 3]!;
    rgb[o + 1] = colors[index * 3 + 1]!;
    rgb[o + 2] = colors[index * 3 + 2]!;
  };
  while (y < height) {
    if (i + 1 >= data.length) throw new Error("too short");
    const [count, value] = [data[i++]!, data[i++]!];
    if (count > 0) {
      for (let k = 0, n = within(count); k < n; k++) put(x + k, nibble(value, k));
      x += count;
    } else if (value === 0) [x, y] = [0, y + 1];
    else if (value === 1) break;
    else if (value === 2) {
      if (i + 1 >= data.length) throw new Error("too short");
      x += data[i++]!;
      y += data[i++]!;
    } else {
      const length = isNibbles ? Math.ceil(value / 2) : value;
      if (i + length > data.length) throw new Error("too short");
      for (let k = 0, n = within(value); k < n; k++) put(x + k, nibble(data[i + (isNibbles ? k >> 1 : k)]!, k));
      x += value;
      i += length + (length % 2);
    }
  }
  return rgb;
}
