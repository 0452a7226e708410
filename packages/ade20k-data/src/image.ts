/** A picture in memory: `data` is interleaved RGB, 8 bits a channel, row by row, `height × width × 3` values. */
export interface RgbImage {
  data: Uint8Array;
  width: number;
  height: number;
}
