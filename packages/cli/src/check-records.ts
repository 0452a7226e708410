import { checkDataset, DataError, type OdgtRecord } from "@seg/ade20k-data";

/** Who is told while records are checked. */
export interface CheckRecordsOptions {
  numClasses: number;
  onProgress?: ((done: number, total: number) => void) | undefined;
  /** Told of all problems but the first, which is thrown. */
  warn?: ((line: string) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Looks at photos and labels before they are scored.
 *
 * @throws {DataError} the first problem, saying of how many.
 */
export async function checkRecords(
  records: readonly OdgtRecord[],
  { numClasses, onProgress = () => {}, warn = () => {}, signal }: CheckRecordsOptions,
): Promise<void> {
  const { problems, problemCount } = await checkDataset(records, {
    numClasses,
    onProgress: (done, total) => onProgress(done, total),
    ...(signal && { signal }),
  });
  const [first, ...others] = problems;
  if (!first) return;
  for (const { message } of others) warn(message);
  throw problemCount > 1
    ? new DataError(first.code, `${first.message} It is the first of ${problemCount} problems.`)
    : first;
}
