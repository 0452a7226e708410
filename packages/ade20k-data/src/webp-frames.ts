const HEAD = 12;
/** Decoders look at every frame again for each one. */
const MOST_FRAMES = 100;
/** A JPEG's is never larger. */
const LARGEST_EXIF = 2 ** 16;

/**
 * A WebP of the first frames of a long animation, without large texts and profiles: a view of the file where that is all, else a copy.
 */
export function leanWebp(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  let [frames, isLean] = [0, false];
  for (let at = HEAD; at + 8 <= bytes.length; ) {
    const type = bytes.toString("latin1", at, at + 4);
    const size = bytes.readUInt32LE(at + 4);
    const end = at + 8 + size + (size % 2);
    if (type === "ANMF") frames++;
    const isPixels = /^(VP8[ LX]|ALPH|ANIM|ANMF)$/.test(type);
    const isKept = isPixels ? frames <= MOST_FRAMES : type === "EXIF" && size <= LARGEST_EXIF;
    // A small profile disturbs no one.
    if (!isKept && (isPixels || size > LARGEST_EXIF)) isLean = true;
    if (isKept) parts.push(bytes.subarray(at, end));
    at = end;
  }
  if (!isLean) return bytes;
  const lean = Buffer.concat([bytes.subarray(0, HEAD), ...parts]);
  lean.writeUInt32LE(lean.length - 8, 4);
  return lean;
}
