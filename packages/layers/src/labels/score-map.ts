import { LayersError } from "../errors.ts";

/** The scores (logits) of one image at one scale, as an engine gives them: `[height, width, classes]`, row by row. */
export interface ScoreMap {
  /** `height × width × classes` finite numbers; only read. */
  data: Float32Array;
  height: number;
  width: number;
  classes: number;
  /** Whether these are the scores of the image's mirror image (left and right exchanged): they are then read from right to left. */
  flipped?: boolean;
}

/** The class of each pixel, row by row: bytes where they suffice (up to 256 classes). */
export type Labels = Uint8Array | Int32Array;

/**
 * Checks that score maps are whole and of the same classes.
 *
 * @returns The number of classes.
 * @throws {LayersError} `shape`.
 */
export function checkMaps(maps: readonly ScoreMap[]): number {
  if (!Array.isArray(maps) || maps.length === 0) {
    const came = Array.isArray(maps) ? "none" : "no array: put a single map into one";
    throw wrongMap("an array of at least one score map", came);
  }
  const classes: number = maps[0]?.classes ?? 0;
  for (const map of maps as (ScoreMap | undefined)[]) {
    if (!(map?.data instanceof Float32Array)) {
      const came = map?.data === undefined ? "none" : Object.prototype.toString.call(map.data).slice(8, -1);
      throw wrongMap("each score map's data as a Float32Array", came);
    }
    const shape = `[${map.height}, ${map.width}, ${map.classes}]`;
    if (map.classes !== classes) {
      throw wrongMap(`score maps [height, width, ${classes}]`, shape);
    }
    if (![map.height, map.width, classes].every((side) => Number.isInteger(side) && side > 0)) {
      throw wrongMap("a score map of whole, positive sides", shape);
    }
    const count = map.height * map.width * classes;
    if (map.data.length !== count) {
      throw wrongMap(`${count} scores for a map ${shape}`, `${map.data.length}`);
    }
  }
  return classes;
}

const wrongMap = (expected: string, received: string) =>
  new LayersError("shape", { expected, received }, { data: { expected, received } });
