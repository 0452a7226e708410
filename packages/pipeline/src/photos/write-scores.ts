import type { FileHandle } from "node:fs/promises";
import { endianness } from "node:os";
import { setImmediate } from "node:timers/promises";
import { encodeFloat16 } from "@seg/checkpoint/half";
import { writeFileAtomic } from "@seg/node";
import type { ClassProbabilities } from "@seg/segmenter/segmentation";

/**
 * Writes class probabilities as an array of NumPy's, float16, `[height, width, classes]`: `np.load(path, mmap_mode="r")` reads parts of it.
 * A row at a time is in memory.
 *
 * @throws {FileError} `unwritable`.
 * @throws the signal's reason between two rows; nothing is left then.
 * @see NumPy's numpy/lib/format.py, version 1.0.
 *
 * @example
 * ```ts
 * import { readFile } from "node:fs/promises";
 * import { writeScores } from "@seg/pipeline/photos";
 *
 * // One photo of 2×1 pixels, two classes; `segment(photo, { scores: true })` gives those of real ones.
 * const scores = { shape: [1, 2, 2] as const, rows: () => [Float32Array.of(0.25, 0.75, 1, 0)] };
 * await writeScores("scores.npy", scores);
 * const file = await readFile("scores.npy");
 * console.log(file.toString("latin1", 10, 75).trim()); // {'descr': '<f2', 'fortran_order': False, 'shape': (1, 2, 2), }
 * // A header of 128 bytes, then two for each number: 1 is 0x3c00.
 * console.log(file.length, file.readUInt16LE(132).toString(16)); // 136 3c00
 * ```
 */
export async function writeScores(path: string, scores: ClassProbabilities, signal?: AbortSignal): Promise<void> {
  await writeFileAtomic(path, async (file: FileHandle) => {
    await file.writeFile(npyHeader(scores.shape));
    for (const row of scores.rows()) {
      await file.writeFile(bytesOf(encodeFloat16(row)));
      // Rows are computed on this thread: interrupts and bars have their turn between two.
      await setImmediate();
      signal?.throwIfAborted();
    }
  });
}

function npyHeader(shape: readonly number[]): Buffer {
  const order = endianness() === "LE" ? "<" : ">";
  const text = `{'descr': '${order}f2', 'fortran_order': False, 'shape': (${shape.join(", ")}), }`;
  // Magic, version and length take 10 bytes; spaces and a line's end fill up to a multiple of 64.
  const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10;
  const head = Buffer.from("\x93NUMPY\x01\x00\x00\x00", "latin1");
  head.writeUInt16LE(length, 8);
  return Buffer.concat([head, Buffer.from(`${text.padEnd(length - 1)}\n`)]);
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Uint16Array) => new Uint8Array(buffer, byteOffset, byteLength);
