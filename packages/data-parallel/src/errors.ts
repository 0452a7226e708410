/**
 * What went wrong, for programs:
 * `sample` a source threw, its error is the `cause`; `module` a module that gives no source; `thread` a thread that ended by itself;
 * `disposed` use after the end.
 */
export type DataParallelErrorCode = "sample" | "module" | "thread" | "disposed";

/** The one error this package throws about what happens at run time: `code` is stable, `message` is one line. */
export class DataParallelError extends Error {
  readonly code: DataParallelErrorCode;

  constructor(code: DataParallelErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "DataParallelError";
    this.code = code;
  }
}
