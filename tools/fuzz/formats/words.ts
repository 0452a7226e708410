import { readFileSync } from "node:fs";
import { Writable } from "node:stream";
import { run } from "../../../packages/cli/src/run.ts";
import { build, type Format, type Fuzzer } from "../src/format.ts";
import { NASTY_NUMBERS, NASTY_TEXTS } from "../src/mutate-text.ts";
import type { Random } from "../src/random.ts";

const FLAGS =
  "--cfg --set --list --json --id --ckpt --model_path --arch_encoder --num-class --imgSize --result --fc-dim --help --demo --suffix -h --".split(
    " ",
  );
const KEYS =
  "DATASET.num_class DATASET.imgSizes TRAIN.lr_encoder TRAIN.class_weights MODEL.arch_encoder TEST.result VAL.checkpoint DIR TRAIN.x DATSET.num_class TEST".split(
    " ",
  );
const VALUES = [
  "11",
  "[1, 2]",
  "(300, 400)",
  "ckpt/mine",
  "resnet50dilated",
  "None",
  "True",
  "a=b",
  "{a: 1}",
  "'",
  '"',
  ...NASTY_TEXTS,
  ...NASTY_NUMBERS,
];
const COMMANDS = "test eval train export serve download doctor reproduce demo setup completion help tset".split(" ");

/** Words after `seg`, as a shell gives them. */
export const WORDS: Format = {
  name: "words",
  weight: 5,
  async prepare(): Promise<Fuzzer> {
    const file = (words: readonly string[]) => ({
      "words.json": JSON.stringify(words.map((word) => word.replaceAll("\0", ""))),
    });
    return {
      sound: [
        [],
        ["--json"],
        ["--list"],
        ["--help"],
        ["TRAIN.lr_encoder", "0.01"],
        ["--cfg", "ade20k-resnet50dilated-ppm_deepsup"],
      ].map((words) => file(["config", ...words])),
      // A line names the word or the flag; no file is there.
      names: [],
      make: (random) =>
        build(random, [
          [60, "seg config", () => file(["config", ...someWords(random, random.size(12))])],
          [10, "many words", () => file(["config", ...someWords(random, random.size(3000))])],
          [
            10,
            "long words",
            () => file(["config", ...someWords(random, 4).map((word) => word.repeat(random.size(3000)))]),
          ],
          // The others do things; none of them does anything for a flag that there is not.
          [
            20,
            "other commands",
            () => file([random.pick(COMMANDS), "--no-such-flag", ...someWords(random, random.size(12))]),
          ],
          [10, "completion", () => file(["completion", ...someWords(random, random.size(3))])],
        ]),
      async read(path) {
        const words = JSON.parse(readFileSync(path, "utf8")) as string[];
        const [stdout, stderr] = [new Text(), new Text()];
        const code = await run(words, { stdout, stderr, env: {} });
        return { wrong: judge(code, stderr.text), refused: code === 0 ? undefined : `exit-code-${code}` };
      },
    };
  },
};

const someWords = (random: Random, count: number) =>
  Array.from({ length: count }, () =>
    random.pick([
      () => [random.pick(FLAGS)],
      () => [random.pick(KEYS), random.pick(VALUES)],
      () => [`${random.pick(FLAGS)}=${random.pick(VALUES)}`],
      () => [`${random.pick(KEYS)}=${random.pick(VALUES)}`],
      () => [random.pick(VALUES)],
    ])(),
  ).flat();

/** What is wrong with how a command ended. */
function judge(code: number, said: string): string | undefined {
  if (![0, 1, 2, 3].includes(code)) return `exit code ${code}`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
  if (/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]/.test(said))
    return `control characters: ${JSON.stringify(said.slice(0, 300))}`;
  if (code === 0) return undefined;
  if (!/^error: [^\n]+\n$/.test(said)) return `not one line: ${JSON.stringify(said.slice(0, 300))}`;
  return said.length > 8300 ? `a line of ${said.length} characters` : undefined;
}

/** Keeps what is written. */
class Text extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk;
    done();
  }
}
