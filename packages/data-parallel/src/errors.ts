/**
 * What went wrong, for programs:
 * `sample` a loader's source threw, its error is the `cause`; `module` a module that does not export what it must; `thread` a loader's
 * thread that ended by itself; `replica` a replica threw or ended by itself, its error is the `cause`; `scatter` dicts that cannot be
 * handed out; `option` an option out of range; `disposed` use after the end.
 */
export type DataParallelErrorCode = "sample" | "module" | "thread" | "replica" | "scatter" | "option" | "disposed";

/** The one error this package throws about what happens at run time: `code` is stable, `message` is one line. */
export class DataParallelError extends Error {
  readonly code: DataParallelErrorCode;
  /** The replica at fault, where there is one. */
  readonly rank: number | undefined;

  constructor(
    code: DataParallelErrorCode,
    message: string,
    { rank, ...options }: ErrorOptions & { rank?: number } = {},
  ) {
    super(message, options);
    this.name = "DataParallelError";
    this.code = code;
    this.rank = rank;
  }
}
