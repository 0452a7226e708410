import { ConfusionMatrix, type ConfusionMatrixJson, computeScores } from "@seg/metrics";
import type { ImageCounts } from "./messages.ts";
import type { ImageScores } from "./result.ts";

/** A {@link Tally} as plain data. */
export interface TallyJson {
  confusion: ConfusionMatrixJson;
  perImage: [index: number, scores: ImageScores][];
  engine: string;
  engineTime: number;
  seconds: number;
}

/** What has been counted so far of a list of images. */
export class Tally {
  readonly matrix: ConfusionMatrix;
  /** By their indices in the list; those that are not done are missing. */
  readonly perImage: ImageScores[] = [];
  images = 0;
  /** The engine's name; empty before there is one. */
  engine = "";
  /** Milliseconds that engines took, of all images together. */
  engineTime = 0;
  #start = 0;
  #seconds = 0;

  constructor(numClasses: number) {
    this.matrix = new ConfusionMatrix(numClasses);
  }

  /** Seconds since the first engine was ready. */
  get seconds(): number {
    return this.#start > 0 ? (performance.now() - this.#start) / 1000 : this.#seconds;
  }

  /** Starts the clock; false if it runs already. */
  begin(engine: string): boolean {
    if (this.#start > 0) return false;
    this.#start = performance.now();
    this.engine = engine;
    return true;
  }

  /** Counts an image. */
  add({ confusion, engineTime }: ImageCounts, index: number, image: string): void {
    const own = ConfusionMatrix.fromJSON(confusion);
    const { pixelAccuracy, meanIouPresent } = computeScores(own);
    this.perImage[index] = { image, pixelAccuracy, meanIouPresent };
    this.matrix.merge(own);
    this.images++;
    this.engineTime += engineTime;
  }

  /** Takes in what was counted elsewhere at the same time. */
  merge({ confusion, perImage, engine, engineTime, seconds }: TallyJson): void {
    this.matrix.merge(ConfusionMatrix.fromJSON(confusion));
    for (const [index, { image, pixelAccuracy, meanIouPresent }] of perImage) {
      // JSON has no NaN.
      this.perImage[index] = {
        image,
        pixelAccuracy: pixelAccuracy ?? Number.NaN,
        meanIouPresent: meanIouPresent ?? Number.NaN,
      };
    }
    this.images += perImage.length;
    this.engine ||= engine;
    this.engineTime += engineTime;
    this.#seconds = Math.max(this.#seconds, seconds);
  }

  toJSON(): TallyJson {
    const { matrix, perImage, engine, engineTime, seconds } = this;
    const done = Object.entries(perImage).map(([index, scores]): [number, ImageScores] => [Number(index), scores]);
    return { confusion: matrix.toJSON(), perImage: done, engine, engineTime, seconds };
  }
}
