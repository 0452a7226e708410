import { FileError, readTextFileSync } from "@seg/node";
import { PipelineError, type Setting, settingsOfYaml } from "@seg/segmenter/config";

/** The original's have 2 kB. */
const LARGEST = 1_000_000;

/**
 * Reads a configuration file, of at most 1 MB, into settings, each with its file and line as origin.
 *
 * @param pipe - takes a pipe too, such as a shell's `<(…)`.
 * @throws {PipelineError} `config` if the file cannot be read or is not YAML with keys.
 */
export function readYamlFile(path: string, { pipe = false } = {}): Setting[] {
  return settingsOfYaml(path, readText(path, pipe));
}

function readText(path: string, pipe: boolean): string {
  try {
    return readTextFileSync(path, { limit: LARGEST, pipe });
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    const { reason = "it cannot be read", hint = "", line } = error.data;
    throw new PipelineError(
      "config",
      { expected: `a configuration in ${path}`, but: reason, hint },
      { data: { file: path, reason, ...(line && { line }) }, cause: error },
    );
  }
}
