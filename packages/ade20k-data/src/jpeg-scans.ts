import { Excess } from "./image-limits.ts";

const SCAN = 0xda;
const END = 0xd9;
/** Frames by arithmetic coding begin here; what a block takes at least is known of the others only. */
const ARITHMETIC = 0xc9;
const BLOCK_PIXELS = 64;

/** Passes over an image's pixels for which decoders take some seconds, counted in pixels. Progressive photos have about ten passes. */
const MOST_PASSED = 2 ** 32;

/**
 * Refuses a JPEG whose few bytes keep its decoder at work for long.
 *
 * @throws {Excess} if it passes over its pixels too often.
 * @throws {Error} if it lacks most of them: a block of 8×8 takes one bit at least.
 */
export function checkScans(bytes: Buffer, { width, height }: { width: number; height: number }): void {
  const { scans, frame } = structureOf(bytes);
  if (scans * width * height > MOST_PASSED) throw new Excess(`has ${scans} scans of ${width}×${height} pixels`);
  if (frame < ARITHMETIC && bytes.length * 8 * BLOCK_PIXELS < width * height) {
    throw new Error(`${bytes.length} bytes for ${width}×${height} pixels`);
  }
}

/** How many scans a JPEG has, and how its frame is coded, 0xc0 to 0xcf. */
function structureOf(bytes: Buffer): { scans: number; frame: number } {
  let [scans, frame, at] = [0, 0, 2];
  while (at + 4 <= bytes.length) {
    // Between segments, and after a scan's header its data, in which a marker's first byte is followed by 0 or a restart.
    at = bytes.indexOf(0xff, at);
    if (at < 0) break;
    const marker = bytes[at + 1] ?? END;
    if (marker === 0xff) {
      at++;
    } else if (marker === 0 || marker === 1 || (marker >= 0xd0 && marker < END)) {
      at += 2;
    } else if (marker === END || at + 4 > bytes.length) {
      break;
    } else {
      if (marker === SCAN) scans++;
      if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) frame ||= marker;
      at += 2 + bytes.readUInt16BE(at + 2);
    }
  }
  return { scans, frame };
}
