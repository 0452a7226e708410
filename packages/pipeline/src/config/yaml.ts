import { readFileSync } from "node:fs";
import { isMap, isScalar, LineCounter, type Pair, parseDocument, type YAMLMap } from "yaml";
import { PipelineError } from "../errors.ts";
import type { Setting } from "./setting.ts";

/**
 * Reads a configuration file into settings, each with its file and line as origin.
 *
 * @throws {PipelineError} `config` if the file cannot be read or is not YAML with keys.
 */
export function readYamlFile(path: string): Setting[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new PipelineError("config", `Expected a configuration in ${path} but it cannot be read: ${reason(error)}.`);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number) => `${path}:${lines.linePos(offset).line}`;
  const problem = document.errors[0];
  if (problem) {
    const what = problem.message.split("\n")[0]!.replace(/\.$/, "");
    throw new PipelineError(
      "config",
      `Expected YAML in ${at(problem.pos[0])} but ${what[0]!.toLowerCase()}${what.slice(1)}: correct that line.`,
    );
  }
  if (document.contents === null) return [];
  if (!isMap(document.contents)) {
    throw new PipelineError(
      "config",
      `Expected keys and values in ${at(document.contents.range?.[0] ?? 0)}, such as "DIR: ckpt/mine", but received something else: ` +
        "`seg config` prints a configuration to start from.",
    );
  }
  const settings: Setting[] = [];
  const collect = (map: YAMLMap, prefix: string) => {
    for (const pair of map.items as Pair[]) {
      const name = isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
      const offset = isScalar(pair.key) ? (pair.key.range?.[0] ?? 0) : 0;
      if (isMap(pair.value) && prefix === "") collect(pair.value, `${name}.`);
      else {
        const value = (pair.value as { toJS?(doc: typeof document): unknown } | null)?.toJS?.(document) ?? null;
        settings.push({ key: prefix + name, value, origin: at(offset) });
      }
    }
  };
  collect(document.contents, "");
  return settings;
}

function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return "there is no such file";
  if (code === "EISDIR") return "it is a folder";
  if (code === "EACCES") return "permission is denied";
  return message;
}
