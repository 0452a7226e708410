import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { readRegularFileSync } from "@seg/node";
import { CONFIG_FILE, CONFIG_MARK, knownSettings, type Setting, withoutImplied } from "@seg/segmenter/config";
import { PipelineError } from "../errors.ts";
import { followFolder } from "./folder-paths.ts";
import { readYamlFile } from "./yaml.ts";

/** More than any configuration, so that a larger file is another program's. */
const LARGEST = 1_000_000;

/** Whether the folder's configuration is a training's of this package. */
export function knowsItself(folder: string): boolean {
  try {
    return readRegularFileSync(join(folder, CONFIG_FILE), { limit: LARGEST }).toString().startsWith(CONFIG_MARK);
  } catch {
    return false;
  }
}

/**
 * The settings of the `config.yaml` that lies in a trained folder, wherever the folder lies now; none where there is no such file.
 *
 * Of another program's file, as of a fork of the original, the keys that are known here count.
 * What has the name and can be read as no configuration, such as a pipe or a list, is refused.
 *
 * @param over - the settings that beat them.
 * @throws {PipelineError} `config` if it cannot be read.
 */
export function folderSettings(folder: string, over: readonly Setting[] = []): Setting[] {
  const file = join(folder, CONFIG_FILE);
  if (!existsSync(file)) return [];
  const written = knowsItself(folder) ? followFolder(folder, readYamlFile(file)) : readKnownKeys(file);
  const settings = written.map((setting) =>
    isClassesFile(setting) && existsSync(beside(file, setting))
      ? { ...setting, value: beside(file, setting) }
      : setting,
  );
  return withoutImplied(settings, over);
}

/**
 * Has the file of the classes, and the lists of a training on folders, where they are not where a configuration says, found beside that
 * configuration: all may have been moved.
 */
export function findBeside(file: string, settings: readonly Setting[]): Setting[] {
  const moved = followFolder(dirname(file), settings);
  return settings.map((setting, i) => {
    if (existsSync(textOf(setting))) return setting;
    if (isClassesFile(setting)) {
      return existsSync(beside(file, setting)) ? { ...setting, value: beside(file, setting) } : setting;
    }
    return existsSync(textOf(moved[i]!)) ? moved[i]! : setting;
  });
}

const textOf = ({ value }: Setting) => (typeof value === "string" ? value : "");

const isClassesFile = ({ key, value }: Setting) =>
  key === "DATASET.classes" && typeof value === "string" && value !== "";

const beside = (file: string, { value }: Setting) => join(dirname(file), basename(String(value)));

/** @throws {PipelineError} `config` if it says nothing at all: other settings than were meant would be taken without a word. */
function readKnownKeys(file: string): Setting[] {
  try {
    return knownSettings(readYamlFile(file));
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    const { line, reason = "it holds no keys and values" } = error.data;
    const where = line === undefined ? file : `${file}:${line}`;
    const hint = "name the configuration by --cfg, or move that file away";
    throw new PipelineError(
      "config",
      { expected: `the folder's configuration in ${where}`, but: reason, hint },
      { data: { ...error.data, file, reason }, cause: error },
    );
  }
}
