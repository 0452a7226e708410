import type { Command, Option } from "commander";

// Other names, mostly of 2018, for a flag; written without dashes.
const ALIASES: Readonly<Record<string, string>> = {
  testimgs: "imgs",
  testimg: "imgs",
  imgsize: "imgsizes",
  gpu: "gpus",
  gpuid: "gpus",
  device: "gpus",
  config: "cfg",
  out: "result",
};

/**
 * Rewrites the words after `seg` so that commander understands them.
 *
 * Flags are spelled as their command declares them: dashes, underscores and letter case do not matter (`--model_path`,
 * `--imgMaxSize`), and the names of 2018 are known. `KEY VALUE` pairs move to the end, after `--`, so that a flag with
 * many values such as `--imgs` does not swallow them; so do photos after the numbers of `--sizes`. Unknown flags stay as they are.
 *
 * @param isConfigKey - whether a word begins such a pair, or is one.
 */
export function normalizeArguments(
  program: Command,
  argv: readonly string[],
  isConfigKey: (word: string) => boolean,
): string[] {
  const name = argv.find((word) => !word.startsWith("-"));
  const command = program.commands.find((known) => [known.name(), ...known.aliases()].includes(name ?? ""));
  if (!command) return [...argv];
  const declared = new Map(command.options.flatMap((option) => names(option).map((name) => [plain(name), option])));
  const end = argv.includes("--") ? argv.indexOf("--") : argv.length;
  const words: string[] = [];
  const pairs: string[] = [];
  const photos: string[] = [];
  let before: Option | undefined;
  let numbers = false;
  for (let i = 0; i < end; i++) {
    const word = argv[i]!;
    if (isConfigKey(word) && !before?.required) {
      // `KEY VALUE`, or `KEY=VALUE` in one word.
      const words = word.includes("=") ? 1 : 2;
      pairs.push(...argv.slice(i, Math.min(i + words, end)));
      i += words - 1;
      before = undefined;
      numbers = false;
      continue;
    }
    // What follows `--sizes 300 375` and is no number is a photo.
    if (numbers && !before && !word.startsWith("-") && !/^[\d\s.,()[\]]+$/.test(word)) {
      photos.push(word);
      continue;
    }
    const [, name, value = ""] = /^(--[^=]+)(=.*)?$/s.exec(word) ?? [];
    const option = name && (declared.get(plain(name)) ?? declared.get(ALIASES[plain(name)] ?? ""));
    words.push(option ? option.long + value : word);
    before = option && !value ? option : undefined;
    if (word.startsWith("-")) numbers = before?.flags.endsWith("<n...>") ?? false;
  }
  const rest = argv.slice(end + 1);
  const last = [...photos, ...rest, ...pairs];
  return last.length > 0 ? [...words, "--", ...last] : words;
}

/** A flag may have two long names; commander calls the first one short. */
function names({ long, short }: Option): string[] {
  return [long, short].filter((name) => name?.startsWith("--")) as string[];
}

function plain(flag: string): string {
  return flag.replace(/[-_]/g, "").toLowerCase();
}
