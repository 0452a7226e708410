/** What the page needs of a segmenter: the part of `createSegmenter` of `@seg/web` that it uses, so that tests can give another one. */
export interface PageClass {
  index: number;
  name: string;
  color: readonly [red: number, green: number, blue: number];
}

/** A class with its share of all pixels, 0-1. */
export interface PageShare extends PageClass {
  share: number;
}

/** What a photo shows; see `Segmentation` of `@seg/web`. */
export interface PageSegmentation {
  /** The class of each pixel, row by row; −1 is none. */
  labels: Uint8Array | Int32Array;
  width: number;
  height: number;
  /** The classes present, the largest first. */
  classes: readonly PageShare[];
  /** Milliseconds of its steps, where the segmenter tells them. */
  times?: { decode?: number; network?: number; labels?: number } | undefined;
}

/** What may be told while a segmenter is made. */
export type PageProgress =
  | { kind: "download"; done: number; total?: number | undefined; name: string }
  | { kind: "engine"; name: string; reason: string }
  | { kind: "load" };

/** A segmenter that is ready. */
export interface PageSegmenter {
  readonly engine: { readonly name: string; readonly reasons: readonly string[] };
  readonly classes: readonly PageClass[];
  /** Of the model's configuration: the most pixels of a photo. */
  readonly config: { readonly DATASET: { readonly max_pixels: number } };
  segment(
    photo: Blob,
    options: { signal: AbortSignal; onProgress: (done: number, total: number) => void },
  ): Promise<PageSegmentation>;
  dispose(): void;
}

/** Which network is to be used. */
export type ModelChoice = "demo" | string | readonly File[];

/** Makes a segmenter, as `createSegmenter` of `@seg/web` does. */
export type CreateSegmenter = (options: {
  model: ModelChoice;
  backend: "auto" | "webgpu" | "webgl" | "wasm" | "cpu";
  signal: AbortSignal;
  onProgress: (event: PageProgress) => void;
}) => Promise<PageSegmenter>;
