import { type MakeError, SegError } from "@seg/errors";

/**
 * What went wrong, for programs: `shape` (an input that cannot be normalized), `option` (an option that there is not, or one out of range),
 * `model` (a model that cannot be converted), `engine` (an engine that cannot be read within a pass).
 */
export type SyncBatchNormErrorCode = "shape" | "option" | "model" | "engine";

/** The values behind a {@link SyncBatchNormError}, of which each code has some. */
export interface SyncBatchNormErrorData {
  /** `option`: its name, and the name that was probably meant. */
  option: string;
  nearest: string | undefined;
  /** What came: a shape, a value. */
  received: unknown;
  /** `shape`: over how many replicas too few values were found. */
  replicas: number;
  /** `model`: the layer's name, or the model's. */
  layer: string;
}

/**
 * The one class of error that this package throws; its message is one line for people, `data` holds the values.
 *
 * @example
 * ```ts
 * import { batchNormalization, SyncBatchNormError } from "@seg/sync-bn";
 *
 * try {
 *   // As tf.layers counts it.
 *   batchNormalization({ momentum: 0.99 });
 * } catch (error) {
 *   if (!(error instanceof SyncBatchNormError)) throw error;
 *   console.log(error.code, error.data.option, error.data.received); // option momentum 0.99
 * }
 * ```
 */
export class SyncBatchNormError extends SegError<SyncBatchNormErrorCode, Partial<SyncBatchNormErrorData>> {}

/** Makes an error about an option. */
export const optionError: MakeError = (explanation, data: Partial<SyncBatchNormErrorData>) =>
  new SyncBatchNormError("option", explanation, { data });

/** A channel with fewer than two values has no variance. */
export function tooFewValues(shape: readonly number[], replicas: number): SyncBatchNormError {
  const where = replicas > 1 ? ` over ${replicas} replicas` : "";
  return new SyncBatchNormError(
    "shape",
    {
      expected: `more than one value per channel${where} when training`,
      received: `[${shape}]`,
      hint: "use a larger batch, more replicas, or batch norm with frozen statistics",
    },
    { data: { received: shape, replicas } },
  );
}
