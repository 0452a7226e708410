/** A picture of a GIF: where it lies, and its packed indices. */
export interface Frame {
  left?: number;
  top?: number;
  width: number;
  height: number;
  /** Bits of an index at first. */
  codeSize?: number;
  /** LZW's codes as bytes. */
  codes: Uint8Array;
}

const u16 = (...values: number[]) => {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [i, value] of values.entries()) bytes.writeUInt16LE(value & 0xffff, i * 2);
  return bytes;
};

/** Bytes in blocks of up to 255, each with its length before it, and an empty one at the end. */
function blocks(data: Uint8Array): Buffer {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < data.length; at += 255) {
    const block = data.subarray(at, at + 255);
    parts.push(Uint8Array.of(block.length), block);
  }
  return Buffer.concat([...parts, Uint8Array.of(0)]);
}

/** A GIF of a black and white palette. */
export function gif(
  width: number,
  height: number,
  frames: readonly Frame[],
  extensions: readonly Uint8Array[] = [],
): Buffer {
  const pictures = frames.map(({ left = 0, top = 0, width, height, codeSize = 2, codes }) =>
    Buffer.concat([Buffer.from(","), u16(left, top, width, height), Uint8Array.of(0, codeSize), blocks(codes)]),
  );
  const head = Buffer.concat([
    Buffer.from("GIF89a"),
    u16(width, height),
    Uint8Array.of(0x80, 0, 0),
    Uint8Array.of(0, 0, 0, 255, 255, 255),
  ]);
  return Buffer.concat([head, ...extensions, ...pictures, Buffer.from(";")]);
}

/** Codes for `count` black pixels: each alone, with the table begun anew before it can grow. */
export function plainCodes(count: number): Buffer {
  const bits: number[] = [];
  const put = (code: number) => {
    for (let i = 0; i < 3; i++) bits.push((code >> i) & 1);
  };
  for (let i = 0; i < count; i++) {
    if (i % 2 === 0) put(4);
    put(0);
  }
  put(5);
  const bytes = Buffer.alloc(Math.ceil(bits.length / 8));
  bits.forEach((bit, i) => {
    bytes[i >> 3]! |= bit << (i & 7);
  });
  return bytes;
}
