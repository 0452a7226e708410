import { type ParsedYaml, parseYaml, TextProblem } from "@seg/ade20k-data/yaml";
import { FileError, readTextFileSync } from "@seg/node";
import { isMap, isScalar, type Pair, type YAMLMap } from "yaml";
import { PipelineError } from "../errors.ts";
import type { Setting } from "./setting.ts";

/** The original's have 2 kB. */
const LARGEST = 1_000_000;

/**
 * Reads a configuration file, of at most 1 MB, into settings, each with its file and line as origin.
 *
 * @param pipe - takes a pipe too, such as a shell's `<(…)`.
 * @throws {PipelineError} `config` if the file cannot be read or is not YAML with keys.
 */
export function readYamlFile(path: string, { pipe = false } = {}): Setting[] {
  const text = readText(path, pipe);
  try {
    return settingsOf(path, parseYaml(text));
  } catch (error) {
    if (!(error instanceof TextProblem)) throw error;
    const { line, message: reason } = error;
    throw new PipelineError(
      "config",
      { expected: `YAML in ${path}:${line}`, but: reason, hint: "correct that line" },
      { data: { file: path, line, reason }, cause: error },
    );
  }
}

function settingsOf(path: string, { document, lineOf, toValue }: ParsedYaml): Setting[] {
  const { contents } = document;
  if (contents === null) return [];
  const at = (offset?: number) => `${path}:${lineOf(offset)}`;
  if (!isMap(contents)) {
    const offset = contents.range?.[0];
    throw new PipelineError(
      "config",
      {
        expected: `keys and values in ${at(offset)}, such as "DIR: ckpt/mine",`,
        received: "something else",
        hint: "`seg config` prints a configuration to start from",
      },
      { data: { file: path, line: lineOf(offset) } },
    );
  }
  const settings: Setting[] = [];
  const collect = (map: YAMLMap, prefix: string) => {
    const seen = new Set<string>();
    for (const { key, value } of map.items as Pair[]) {
      const offset = (key as { range?: [number] | null } | null)?.range?.[0];
      if (!isScalar(key)) throw new TextProblem("a key is no word", lineOf(offset));
      const name = String(key.value);
      if (seen.has(name)) throw new TextProblem("map keys must be unique", lineOf(offset));
      seen.add(name);
      if (isMap(value) && prefix === "") collect(value, `${name}.`);
      else settings.push({ key: prefix + name, value: toValue(value), origin: at(offset) });
    }
  };
  collect(contents, "");
  return settings;
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
