import { refuseUnknownOptions, SegError } from "@seg/errors";

/** What went wrong, for programs: stable, one for each thing a caller may want to handle. */
export type PipelineErrorCode =
  /** An option that makes no sense, or contradicts another one. */
  | "option"
  /** A configuration that cannot be read or does not hold together. */
  | "config"
  /** Images, lists or weights that are not where they should be. */
  | "missing"
  /** A file that could not be downloaded. */
  | "download"
  /** Memory ran out; the line says at which size, and how to need less. */
  | "out-of-memory"
  /** No engine that could compute starts here. */
  | "engine-unavailable"
  /** Hosts of one work that do not hold the same data, settings or versions. */
  | "hosts"
  /** Another process of the same work was asked to end it early. */
  | "interrupted"
  /** Everything else. */
  | "failed";

/** The values behind a {@link PipelineError}, of which each code has some. */
export interface PipelineErrorData {
  /** The option, argument or environment variable that is wrong: `replicas`, `SEG_MIRROR`. */
  option: string;
  /** The configuration's key that is wrong, such as `DATASET.num_class`, and where its value comes from: `my.yaml:4`, `--set`. */
  key: string;
  origin: string;
  /** What was expected, and what came or is there. */
  expected: unknown;
  received: unknown;
  /** The name of the host at fault. */
  host: string;
  /** The name that was probably meant. */
  nearest: string | undefined;
  /** The encoder and the decoder that the line is about. */
  encoder: string;
  decoder: string;
  /** The file that is missing or wrong, the line in it, counted from 1; the folder; or all files. */
  file: string;
  line: number;
  folder: string;
  files: readonly string[];
  /** The address of a download, and the server's HTTP status where it refused. */
  url: string;
  status: number | undefined;
  /** Why it failed, in the words of whoever knows. */
  reason: string;
  /** Bytes on a disk that are needed and that are free. */
  needed: number;
  free: number;
  /** A worker's task that could not be done: a photo. Undefined where it died before it had one. */
  task: string | undefined;
  /** The computation at which an engine failed its proof. */
  operation: string;
  /** A training's checkpoint: `epoch_3`. */
  checkpoint: string;
  /** A weight that is not a number, and its model. */
  tensor: string;
  model: string;
  /** A loss that is not a number, in words, as JSON has none for it; and when it came, counted from 1 and from 0. */
  loss: string;
  epoch: number;
  iteration: number;
  /** The replica at fault. */
  rank: number | undefined;
}

/**
 * The error that this package and `@seg/pipeline`, which is built on it, throw on purpose; errors of the packages below pass through.
 *
 * @example
 * ```ts
 * import { loadConfig, PipelineError } from "@seg/pipeline/config";
 *
 * try {
 *   loadConfig({ set: ["DATASET.num_clas=11"] });
 * } catch (error) {
 *   if (!(error instanceof PipelineError)) throw error;
 *   console.log(error.code, error.data.nearest); // config DATASET.num_class
 *   console.log(error.message); // Unknown configuration key DATASET.num_clas (--set): did you mean DATASET.num_class?
 * }
 * ```
 */
export class PipelineError extends SegError<PipelineErrorCode, Partial<PipelineErrorData>> {}

/**
 * Refuses options that nobody reads, and anything that is no options object.
 *
 * @throws {PipelineError} `option`, with the nearest name.
 */
export function refuseUnknown(options: object, known: readonly string[], what: string): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    const received = typeof options === "string" ? JSON.stringify(options) : String(options);
    const line = { expected: `${what} as an object`, received, hint: `its keys are ${[...known].sort().join(", ")}` };
    throw new PipelineError("option", line, { data: { received } });
  }
  refuseUnknownOptions(options, known, what, (line, data) => new PipelineError("option", line, { data }));
}
