import type { TiffTags } from "./tiff-tags.ts";

const NONE = 1;
const CHROMA = 6;
const JPEG = [6, 7];
/** Rec. 601's shares of red, green and blue in the brightness, and values of black and white: what a TIFF means that names none. */
const REC_601 = [0.299, 0.587, 0.114];
const FULL_RANGE = [0, 255, 128, 255, 128, 255];

/** Whether a TIFF's colours, if they are brightness and two colour differences, are in a form that is read. */
export function isReadableYCbCr({ photometric, compression = [NONE], planar = [1], bits = [8] }: TiffTags): boolean {
  if (photometric?.[0] !== CHROMA || JPEG.includes(compression[0]!)) return true;
  return planar[0] === 1 && bits.every((depth) => depth === 8);
}

/** Whether the decoder gives a TIFF's three values as they are: it converts what JPEG packed, or has fewer differences than pixels. */
export function isBareYCbCr({ photometric, compression = [NONE], subsampling = [2, 2] }: TiffTags): boolean {
  return photometric?.[0] === CHROMA && !JPEG.includes(compression[0]!) && subsampling.every((step) => step === 1);
}

/**
 * RGB of YCbCr values, in place.
 *
 * @see TIFF 6.0, section 21.
 */
export function ycbcrToRgb(values: Uint8Array, { coefficients = REC_601, blackWhite = FULL_RANGE }: TiffTags): void {
  const [red, green, blue] = coefficients as [number, number, number];
  const [black, white, zeroB, mostB, zeroR, mostR] = blackWhite as [number, number, number, number, number, number];
  const brightness = 255 / (white - black);
  const toRed = (127 / (mostR - zeroR)) * 2 * (1 - red);
  const toBlue = (127 / (mostB - zeroB)) * 2 * (1 - blue);
  const clamp = (value: number) => Math.max(0, Math.min(255, Math.round(value)));
  for (let i = 0; i < values.length; i += 3) {
    const y = (values[i]! - black) * brightness;
    const r = y + (values[i + 2]! - zeroR) * toRed;
    const b = y + (values[i + 1]! - zeroB) * toBlue;
    values[i] = clamp(r);
    values[i + 1] = clamp((y - red * r - blue * b) / green);
    values[i + 2] = clamp(b);
  }
}
