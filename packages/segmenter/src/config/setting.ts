import { PipelineError } from "../errors.ts";
import { SECTIONS } from "./schema.ts";

/** One value for one key, and where it came from. */
export interface Setting {
  /** The key with its dot, such as `DATASET.num_class`. */
  key: string;
  value: unknown;
  /** The place to name when the value is wrong: `my.yaml:4`, `--fc-dim`, `on the command line`, … */
  origin: string;
  /** Whether it was asked for in this run, on the command line or in a program, not read from a file. */
  explicit?: boolean;
  /** Whether no one gave it: it follows from the networks, or is a default. */
  implied?: boolean;
}

/** Reads `--set KEY=VALUE`. */
export function parseAssignment(text: string): Setting {
  const equals = text.indexOf("=");
  if (equals < 1) {
    throw new PipelineError(
      "option",
      { expected: "--set KEY=VALUE such as --set DATASET.num_class=11", received: `"${text}"` },
      { data: { option: "set", received: text } },
    );
  }
  return { key: text.slice(0, equals), value: text.slice(equals + 1), origin: "--set", explicit: true };
}

/** Reads trailing `KEY VALUE` pairs, of which one may also be written `KEY=VALUE`. */
export function parsePairs(words: readonly string[]): Setting[] {
  const settings: Setting[] = [];
  const origin = "on the command line";
  for (let i = 0; i < words.length; i += 2) {
    const [, joined, behind] = /^([A-Z]+\.\w+|DIR)=(.*)$/s.exec(words[i]!) ?? [];
    if (joined !== undefined) {
      settings.push({ key: joined, value: behind, origin, explicit: true });
      i--;
      continue;
    }
    const value = words[i + 1];
    if (value === undefined) {
      throw new PipelineError(
        "option",
        {
          expected: "pairs KEY VALUE after the flags",
          but: `${words[i]} has no value`,
          hint: "write DATASET.num_class 11, say",
        },
        { data: { option: "pairs", received: words[i] } },
      );
    }
    settings.push({ key: words[i]!, value, origin, explicit: true });
  }
  return settings;
}

const PICTURE = /\.(jpe?g|png|webp|avif|tiff?|gif|bmp|heic|svg)$/i;

/**
 * Whether a word of the command line begins a pair `KEY VALUE`, or is one, `KEY=VALUE`. A misspelled key is still a key (`TEST.reslt`), a photo
 * is not (`TEST.jpg`).
 *
 * @example
 * ```ts
 * import { isConfigKey } from "@seg/pipeline/config";
 *
 * console.log(isConfigKey("TRAIN.lr_encoder"), isConfigKey("DATASET.num_class=11")); // true true
 * // A photo that is called like a section.
 * console.log(isConfigKey("TEST.jpg")); // false
 * ```
 */
export function isConfigKey(word: string): boolean {
  if (/^([A-Z]+\.\w+|DIR)=/.test(word)) return true;
  const [, section] = /^([A-Z]+)\.\w+$/.exec(word) ?? [];
  return (
    word === "DIR" || (section !== undefined && !PICTURE.test(word) && SECTIONS.some((known) => alike(known, section)))
  );
}

// The same letters in any order, one more or one less.
function alike(a: string, b: string): boolean {
  const missing = (from: string, to: string) => [...from].filter((letter) => !to.includes(letter)).length;
  return Math.abs(a.length - b.length) <= 1 && missing(a, b) + missing(b, a) <= 1;
}
