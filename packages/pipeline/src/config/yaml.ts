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
    const reason = reasonOf(error);
    throw new PipelineError(
      "config",
      { expected: `a configuration in ${path}`, but: "it cannot be read", hint: reason },
      { data: { file: path, reason }, cause: error },
    );
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineOf = (offset: number) => lines.linePos(offset).line;
  const at = (offset: number) => `${path}:${lineOf(offset)}`;
  const problem = document.errors[0];
  if (problem) {
    const what = problem.message.split("\n")[0]!.replace(/\.$/, "");
    const reason = `${what[0]!.toLowerCase()}${what.slice(1)}`;
    const [offset] = problem.pos;
    throw new PipelineError(
      "config",
      { expected: `YAML in ${at(offset)}`, but: reason, hint: "correct that line" },
      { data: { file: path, line: lineOf(offset), reason } },
    );
  }
  if (document.contents === null) return [];
  if (!isMap(document.contents)) {
    const offset = document.contents.range?.[0] ?? 0;
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

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return "there is no such file";
  if (code === "EISDIR") return "it is a folder";
  if (code === "EACCES") return "permission is denied";
  return message;
}
