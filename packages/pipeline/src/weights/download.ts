import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { shownUrl } from "@seg/errors";
import { ensureWritable, HttpError, withLock } from "@seg/node";
import { PipelineError } from "../errors.ts";
import { type AttemptOptions, attempt, clearPlace, partOf, sizeOf } from "./attempt.ts";
import { Failure, Passing } from "./failure.ts";
import { leastIn } from "./pace.ts";

/** The most bytes that a download may bring: four times those of ADE20K's zip, the largest file there is to get. */
export const LARGEST = 4e9;

/** How {@link download} works. */
export interface DownloadOptions extends Partial<AttemptOptions> {
  /** Whether a file that lies at the place already will do, so that nothing is downloaded; every file unless given. */
  isWhole?: (file: string) => Promise<boolean>;
  /** Called before each new attempt, with what ended the last one. */
  onRetry?: (reason: string) => void;
  /** Called if another process is downloading the same file, at once and then each minute. */
  onWait?: (line: string) => void;
  /** Called, with the reason, before `http:` is tried in the place of an `https:` address that is not served; without it, that is an error. */
  onInsecure?: ((reason: string) => void) | undefined;
  /** Attempts after the first one; 5 unless given. Those that brought a good piece do not count. */
  retries?: number;
  /** Milliseconds before the first of them, doubled each time; 500 unless given. */
  backoff?: number | undefined;
}

/**
 * Downloads `url` to `path`, which appears only when it is whole and `verify` finds nothing wrong with it. What came before a failure is kept
 * in `path`.part and continued, in this call or a later one, if the server says that the file is still the same. Another process that
 * downloads to the same path is waited for. Where the file is written, `path` alone decides, nothing that the server says.
 *
 * Defaults: `maxBytes` {@link LARGEST}, `stall` 30 000.
 *
 * @throws {PipelineError} `download` when the file could not be had; the reason is its message. `failed` if the disk is too small.
 * @throws {FileError} `unwritable`, also where a folder has one of the names.
 * @throws the signal's reason when aborted.
 */
export async function download(url: string, path: string, options: DownloadOptions = {}): Promise<void> {
  const { signal, onWait, onInsecure, isWhole = async () => true, wayOut = "choose another folder" } = options;
  await ensureWritable(dirname(path), wayOut);
  const work = async () => {
    await clearPlace(path);
    if ((await sizeOf(path)) > 0 && (await isWhole(path))) return; // another process was faster
    options.onProgress?.(0, undefined);
    try {
      await obtain(url, path, { ...options, wayOut });
    } catch (error) {
      const reason = onInsecure && /^https:/i.test(url) ? whyUnserved(error) : undefined;
      if (reason === undefined) throw error;
      onInsecure?.(reason);
      await obtain(url.replace(/^https:/i, "http:"), path, { ...options, wayOut, onInsecure: undefined });
    }
  };
  await withLock(`${path}.lock`, work, { signal, onWait: (_, line) => onWait?.(line) });
}

async function obtain(url: string, path: string, options: DownloadOptions & { wayOut: string }): Promise<void> {
  const { retries = 5, backoff = 500, signal, onRetry, onInsecure } = options;
  const known = { verify: async () => undefined, maxBytes: LARGEST, stall: 30_000, ...given(options) };
  let most = await sizeOf(partOf(path));
  for (let failures = 0; ; ) {
    try {
      return await attempt(url, path, known);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const now = await sizeOf(partOf(path));
      if (now >= most + leastIn(known.stall)) failures = 0;
      most = Math.max(most, now);
      if (!(error instanceof Passing) || ++failures > retries || (onInsecure && isUnserved(error))) {
        const { message, status } = error;
        throw new PipelineError("download", message, {
          data: { url: shownUrl(url), file: path, status },
          cause: error,
        });
      }
      onRetry?.(error.message);
      // A random share keeps many clients from coming back at the same moment.
      const wait = Math.min(backoff * 2 ** (failures - 1), 10_000) * (0.5 + Math.random() / 2);
      await sleep(Math.max(wait, error.after), undefined, { signal });
    }
  }
}

/** Options that are undefined count as not given. */
const given = <Options extends object>(options: Options) =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Options & {
    wayOut: string;
  };

const isUnserved = ({ cause }: Failure) => cause instanceof HttpError && cause.unserved;

/** Why a server has no such file over https, where that is what an error tells: nobody answers there, or it knows of none. */
function whyUnserved(error: unknown): string | undefined {
  const failure = error instanceof PipelineError ? error.cause : undefined;
  if (!(failure instanceof Failure)) return undefined;
  return isUnserved(failure) || failure.status === 403 || failure.status === 404 ? failure.message : undefined;
}
