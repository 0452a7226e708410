import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { crc32 as crc32OfNode, createInflateRaw } from "node:zlib";

/** The CRC-32 of bytes. */
export const crc32 = (bytes: Uint8Array): number => crc32OfNode(bytes);

/**
 * Inflates raw DEFLATE, piece by piece.
 *
 * @param take - given each piece; what it throws ends the work and is thrown.
 * @returns how many of the compressed bytes it took; fewer than came where its end was reached before.
 */
export async function inflateRaw(
  compressed: AsyncIterable<Uint8Array>,
  take: (piece: Uint8Array) => void,
): Promise<number> {
  const inflate = createInflateRaw();
  let refusal: unknown;
  try {
    await pipeline(Readable.from(compressed), inflate, async (pieces: AsyncIterable<Buffer>) => {
      for await (const piece of pieces) {
        try {
          take(piece);
        } catch (error) {
          refusal = error;
          throw error;
        }
      }
    });
  } catch (error) {
    if (refusal !== undefined) throw refusal;
    // Contents end, and bytes go on.
    if ((error as NodeJS.ErrnoException).code !== "ABORT_ERR") throw error;
  }
  return inflate.bytesWritten;
}
