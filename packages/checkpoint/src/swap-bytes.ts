import { DTYPES } from "./dtypes.ts";
import type { TensorRef } from "./pickle-globals.ts";

/** Turns the bytes of each element around, in place: of a storage that a big-endian machine wrote. */
export function swapBytes(buffer: ArrayBuffer, { dtype }: TensorRef): void {
  const { bytes } = DTYPES[dtype];
  const whole = new Uint8Array(buffer);
  for (let at = 0; at + bytes <= whole.length; at += bytes) whole.subarray(at, at + bytes).reverse();
}
