import { SegError } from "@seg/errors";

/**
 * What went wrong, for programs: `bad-label` a label that is no class; `bad-size` maps whose sizes differ; `bad-classes` a number of
 * classes that is impossible or not the other's; `bad-json` a saved result that cannot be restored.
 */
export type MetricsErrorCode = "bad-label" | "bad-size" | "bad-classes" | "bad-json";

/** The values behind a {@link MetricsError}, of which each code but `bad-json` has some. */
export interface MetricsErrorData {
  /** `bad-label`: the label that is no class of how many, in which of the two maps, and at which pixel, row by row from 0. */
  value: number;
  numClasses: number;
  map: "true" | "predicted";
  position: number;
  /** `bad-size`: how many pixels. `bad-classes`: how many classes; there is no `expected` where `received` is impossible. */
  expected: number;
  received: number | string;
  /** `bad-classes`: the ratios of two results of boundary IoU. */
  expectedRatio: number;
  receivedRatio: number;
}

/**
 * The one error of this package: `code` is stable, `message` is one line, `data` holds the values.
 *
 * @example
 * ```ts
 * import { ConfusionMatrix, MetricsError } from "@seg/metrics";
 *
 * try {
 *   new ConfusionMatrix(2).add(new Uint8Array([0, 1, 7]), new Uint8Array([0, 1, 0]));
 * } catch (error) {
 *   if (!(error instanceof MetricsError)) throw error;
 *   console.log(error.code, error.data.map, error.data.value, error.data.position); // bad-label predicted 7 2
 * }
 * ```
 */
export class MetricsError extends SegError<MetricsErrorCode, Partial<MetricsErrorData>> {}
