/** What `zlib-node.ts` is, for browsers. */

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  return c;
});

export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = TABLE[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

export async function inflateRaw(
  compressed: AsyncIterable<Uint8Array>,
  take: (piece: Uint8Array) => void,
): Promise<number> {
  const { readable, writable } = new DecompressionStream("deflate-raw");
  const writer = writable.getWriter();
  const reader = readable.getReader();
  const written = (async () => {
    let taken = 0;
    try {
      for await (const piece of compressed) {
        await writer.write(piece);
        taken += piece.length;
      }
      await writer.close();
    } catch (error) {
      await writer.abort(error).catch(() => {});
      throw error;
    }
    return taken;
  })();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      take(value);
    }
  } catch (error) {
    written.catch(() => {});
    await reader.cancel(error).catch(() => {});
    throw error;
  }
  return written;
}
