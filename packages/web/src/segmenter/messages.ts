import type { PixelArray, RgbImage, SegClass } from "@seg/ade20k-data";
import type { ScoreMap } from "@seg/layers/labels";
import type { Config } from "@seg/segmenter/config";
import type { LoadEvent, Setup } from "./options.ts";
import type { SentError } from "./transfer-error.ts";

/** A photo as the worker is sent it. */
export type PhotoMessage =
  | { kind: "file"; blob: Blob; name: string }
  | { kind: "address"; url: string }
  | { kind: "bitmap"; bitmap: ImageBitmap }
  | { kind: "pixels"; data: PixelArray; width: number; height: number; channels: number | undefined };

/** What the page asks; `id` tells the answers apart. */
export type Question =
  | { id: number; type: "open"; setup: Setup; lock: string }
  | { id: number; type: "segment"; photo: PhotoMessage; scores: boolean; sizes: readonly number[] | undefined }
  /** Of the question `id`: no answer is waited for. */
  | { id: number; type: "abort" };

/** What is told of an open network. */
export interface Opened {
  engine: { name: string; reasons: string[] };
  classes: readonly SegClass[];
  config: Config;
}

/** What is found in a photo. */
export interface Found {
  image: RgbImage;
  labels: Uint8Array | Int32Array;
  /** The network's scores, where they were asked for. */
  maps: ScoreMap[] | undefined;
  times: { decode: number; network: number; labels: number };
}

/** What the worker answers. */
export type Answer =
  | { id: number; type: "opened"; result: Opened }
  | { id: number; type: "found"; result: Found }
  | { id: number; type: "failed"; error: SentError }
  | { id: number; type: "loading"; event: LoadEvent }
  | { id: number; type: "scale"; done: number; total: number };
