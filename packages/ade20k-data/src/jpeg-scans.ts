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

/**
 * The bytes a pixel that a decoder holds of a JPEG beside its rows: 2 for each coefficient where they come in several scans, so that none is
 * known before the last one; else 0.
 */
export function heldBytes(bytes: Buffer): number {
  let [coefficients, components, isProgressive] = [0, 0, false];
  for (const { marker, at } of segments(bytes)) {
    if (isFrame(marker) && components === 0) {
      components = bytes[at + 9] ?? 0;
      const areas = Array.from({ length: components }, (_, i) => bytes[at + 11 + 3 * i] ?? 0x11);
      const most = (of: (area: number) => number) => Math.max(1, ...areas.map(of));
      const [across, down] = [(area: number) => area >> 4, (area: number) => area & 15];
      const sum = areas.reduce((total, area) => total + across(area) * down(area), 0);
      coefficients = sum / (most(across) * most(down));
      isProgressive = (marker & 3) === 2;
    }
    if (marker === SCAN) return isProgressive || bytes[at + 4]! < components ? 2 * coefficients : 0;
  }
  return 0;
}

/** How many scans a JPEG has, and how its frame is coded, 0xc0 to 0xcf. */
function structureOf(bytes: Buffer): { scans: number; frame: number } {
  let [scans, frame] = [0, 0];
  for (const { marker } of segments(bytes)) {
    if (marker === SCAN) scans++;
    if (isFrame(marker)) frame ||= marker;
  }
  return { scans, frame };
}

const isFrame = (marker: number) => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);

/** A JPEG's segments that have a length, by their markers, and where they begin. */
function* segments(bytes: Buffer): Generator<{ marker: number; at: number }, void, undefined> {
  for (let at = 2; at + 4 <= bytes.length; ) {
    // Between segments, and after a scan's header its data, in which a marker's first byte is followed by 0 or a restart.
    at = bytes.indexOf(0xff, at);
    if (at < 0) return;
    const marker = bytes[at + 1] ?? END;
    if (marker === 0xff) {
      at++;
    } else if (marker === 0 || marker === 1 || (marker >= 0xd0 && marker < END)) {
      at += 2;
    } else if (marker === END || at + 4 > bytes.length) {
      return;
    } else {
      yield { marker, at };
      at += 2 + bytes.readUInt16BE(at + 2);
    }
  }
}
