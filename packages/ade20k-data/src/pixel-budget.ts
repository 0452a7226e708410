/** So many pixels are decoded at a time, in however many images; a larger image alone. */
const AT_A_TIME = 2 ** 26;

let pixelsAtWork = 0;
const waiting: (() => void)[] = [];

/**
 * Decodes an image as soon as those at work are small enough together, so that several large ones do not add up: each holds its file, its
 * decoder's rows and its result.
 */
export async function decodeInTurn<Result>(
  { width, height }: { width: number; height: number },
  decode: () => Promise<Result>,
): Promise<Result> {
  const pixels = width * height;
  while (pixelsAtWork > 0 && pixelsAtWork + pixels > AT_A_TIME) await new Promise<void>((free) => waiting.push(free));
  pixelsAtWork += pixels;
  try {
    return await decode();
  } finally {
    pixelsAtWork -= pixels;
    for (const free of waiting.splice(0)) free();
  }
}
