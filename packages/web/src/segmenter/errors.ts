import { SegError } from "@seg/errors";

/** What went wrong, for programs: stable. */
export type WebErrorCode =
  /** An option or a photo that makes no sense. */
  | "option"
  /** A picture that this page may show but not read, because another site gave it. */
  | "cross-origin"
  /** An address that gave nothing usable. */
  | "download"
  /** Files or a folder that hold no whole model. */
  | "model"
  /** The worker ended, or did not start. */
  | "worker";

/** The values behind a {@link WebError}, of which each code has some. */
export interface WebErrorData {
  option: string;
  received: unknown;
  /** The address, and the server's status where it refused. */
  url: string;
  status: number;
  /** The files that are there. */
  files: readonly string[];
  /** Why it failed, in the words of whoever knows. */
  reason: string;
}

/**
 * The one error that this package throws on purpose; those of the packages below it pass through, also from the worker.
 *
 * @example
 * ```ts
 * import { createSegmenter, WebError } from "@seg/web";
 *
 * try {
 *   await createSegmenter({ architecture: "resnet50dilated" });
 * } catch (error) {
 *   if (!(error instanceof WebError)) throw error;
 *   console.log(error.code, error.data.option); // option architecture
 * }
 * ```
 */
export class WebError extends SegError<WebErrorCode, Partial<WebErrorData>> {}
