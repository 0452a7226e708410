import { type Explanation, SegError, type SegErrorOptions } from "@seg/errors";

/**
 * What went wrong, for programs:
 * `sample` a loader's source threw, its error is the `cause`; `module` a module that does not export what it must; `thread` a loader's
 * thread that ended by itself; `replica` a replica threw or ended by itself, its error is the `cause`; `scatter` dicts that cannot be
 * scattered; `option` an option out of range; `disposed` use after the end.
 */
export type DataParallelErrorCode = "sample" | "module" | "thread" | "replica" | "scatter" | "option" | "disposed";

/** The values behind a {@link DataParallelError}, of which each code has some. */
export interface DataParallelErrorData {
  /** `replica`: the replica at fault, of how many. */
  rank: number;
  size: number;
  /** `sample`: its position in the sequence, and the worker that should have made it. */
  epoch: number;
  iteration: number;
  worker: number;
  /** `module`: the module's URL, and the names that it exports; undefined where it cannot be loaded. */
  module: string;
  exports: readonly string[] | undefined;
  /** `option`: the option or argument that is wrong; for one that there is not, the name that was probably meant. */
  option: string;
  nearest: string | undefined;
  /** `option`, `scatter`: what was given, or how many; its type where that is wrong. */
  received: unknown;
  /** `scatter`: how many dicts there should be. */
  expected: number;
}

/**
 * The one error that this package throws on purpose about what happens at run time: `code` is stable, the message is one line for people,
 * `data` holds the values.
 *
 * @example
 * ```ts
 * import { writeFile } from "node:fs/promises";
 * import { DataParallel, DataParallelError } from "@seg/data-parallel";
 *
 * await writeFile("odd.mjs", "export default () => ({ run() { throw new RangeError('no pixels'); } });");
 * const parallel = await DataParallel.launch({ devices: [{ engine: "cpu" }], module: "odd.mjs" });
 * const error = await parallel.run([{}]).catch((thrown: unknown) => thrown);
 * if (!(error instanceof DataParallelError)) throw error;
 * console.log(error.code, error.rank, (error.cause as Error).message); // replica 0 no pixels
 * ```
 */
export class DataParallelError extends SegError<DataParallelErrorCode, Partial<DataParallelErrorData>> {
  /** The replica at fault, where there is one; that of `data`. */
  readonly rank: number | undefined;

  constructor(
    code: DataParallelErrorCode,
    explanation: Explanation | string,
    options?: SegErrorOptions<Partial<DataParallelErrorData>>,
  ) {
    super(code, explanation, options);
    this.rank = this.data.rank;
  }
}

/** The error for a module that does not export what it must, or that cannot be loaded: then `cause` says why. */
export function moduleError(
  module: string,
  expected: string,
  { exports, hint, cause }: { exports?: readonly string[]; hint?: string; cause?: Error },
): DataParallelError {
  const but = cause ? `${module} cannot be loaded` : `${module} exports ${exports?.join(", ") || "nothing"}`;
  const wayOut = cause ? cause.message : hint;
  return new DataParallelError(
    "module",
    { expected, but, ...(wayOut && { hint: wayOut }) },
    { data: { module, exports }, ...(cause && { cause }) },
  );
}

/** The error of a loader's use after its end. */
export const disposedError = () =>
  new DataParallelError("disposed", { expected: "a running loader", but: "it was disposed" });
