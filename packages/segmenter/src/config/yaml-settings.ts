import { type ParsedYaml, parseYaml, TextProblem } from "@seg/ade20k-data/yaml";
import { isMap, isScalar, type Pair, type YAMLMap } from "yaml";
import { PipelineError } from "../errors.ts";
import type { Setting } from "./setting.ts";

/**
 * The settings that a configuration's text makes, each with its file and line as origin.
 *
 * @param name - what the lines call the text: its path or address.
 * @param text - YAML of at most 1 MB.
 * @throws {PipelineError} `config` if it is not YAML with keys.
 */
export function settingsOfYaml(name: string, text: string): Setting[] {
  try {
    return settingsOf(name, parseYaml(text));
  } catch (error) {
    if (!(error instanceof TextProblem)) throw error;
    const { line, message: reason } = error;
    throw new PipelineError(
      "config",
      { expected: `YAML in ${name}:${line}`, but: reason, hint: "correct that line" },
      { data: { file: name, line, reason }, cause: error },
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
