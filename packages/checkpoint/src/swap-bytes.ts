import { DTYPES } from "./dtypes.ts";
import type { TensorRef } from "./pickle-globals.ts";

/** Turns the bytes of each element around, in place: of a storage that a big-endian machine wrote. */
export function swapBytes(buffer: ArrayBuffer, { dtype }: TensorRef): void {
  const { bytes } = DTYPES[dtype];
  const whole = Buffer.from(buffer, 0, buffer.byteLength - (buffer.byteLength % bytes));
  if (bytes === 2) whole.swap16();
  if (bytes === 4) whole.swap32();
  if (bytes === 8) whole.swap64();
}
