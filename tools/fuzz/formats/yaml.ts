import { loadConfig } from "@seg/pipeline/config";
import { build, type Format, type Fuzzer } from "../src/format.ts";
import { mutateBytes } from "../src/mutate-bytes.ts";
import { mutateText, NASTY_TEXTS, nested } from "../src/mutate-text.ts";
import type { Random } from "../src/random.ts";

const SEED = `DATASET:
  root_dataset: "./data/"
  list_train: "./data/training.odgt"
  num_class: 150
  imgSizes: (300, 375, 450, 525, 600)
  imgMaxSize: 1000
  padding_constant: 8
  random_flip: True
  label_map: ade20k
MODEL:
  arch_encoder: "resnet18dilated"
  arch_decoder: ppm_deepsup
  fc_dim: 512
TRAIN:
  batch_size_per_gpu: 2
  num_epoch: 20
  start_epoch: 0
  optim: "SGD"
  lr_encoder: 0.02
  lr_pow: 0.9
  beta1: 0.9
  weight_decay: 1e-4
  class_weights: [1, 2.5, 3]
  fix_bn: False
  workers: 16
  seed: 304
VAL:
  visualize: False
  checkpoint: "epoch_20.pth"
TEST:
  checkpoint: "epoch_20.pth"
  result: "./"
DIR: "ckpt/mine"
`;

/** Configurations. */
export const YAML: Format = {
  name: "yaml",
  weight: 10,
  async prepare(): Promise<Fuzzer> {
    const seed = Buffer.from(SEED);
    const file = (text: string | Uint8Array) => ({ "mine.yaml": text });
    return {
      make: (random) =>
        build(random, [
          [50, "changed text", () => file(mutateText(random, SEED))],
          [20, "changed bytes", () => file(mutateBytes(random, seed))],
          [10, "lines of YAML", () => file(lines(random))],
          [5, "digits", () => file(SEED.replace(/: \S+$/m, () => `: ${digits(random)}`))],
          [3, "many keys", () => file(manyKeys(random))],
          [3, "nested values", () => file(`DATASET:\n  num_class: ${nested(random.size(20_000), random)}\n`)],
          [3, "anchors", () => file(laugh(random))],
          [
            1,
            "comments",
            () => file(`${SEED}${"# nothing\n".repeat(random.oneIn(10) ? 1_000_000 : random.size(20_000))}`),
          ],
          [
            1,
            "a long list",
            () => file(`${SEED}LIST: [${"1, ".repeat(random.oneIn(10) ? 2_000_000 : random.size(20_000))}1]`),
          ],
          [3, "escapes", () => file(SEED.replace(/\w+:/, () => `${JSON.stringify(random.pick(NASTY_TEXTS))}:`))],
        ]),
      namesFile: (error) => {
        const { origin, file = origin, encoder } = ((error as { data?: object }).data ?? {}) as Record<string, unknown>;
        // Values that contradict each other may come from several files.
        return encoder === undefined && String(file).includes("mine.yaml");
      },
      async read(cfg) {
        const { config } = loadConfig({ cfg });
        const isSound = Number.isInteger(config.DATASET.num_class) && typeof config.DIR === "string";
        return { wrong: isSound ? undefined : "no number of classes, or no folder" };
      },
    };
  },
};

/** Numbers of so many digits that a pattern may try them in ever more ways. */
const digits = (random: Random) =>
  random.pick(["1", "1_", "0x1", "1e", "1.", "-1:", "0", "(1,", "[1,", " "]).repeat(random.size(50_000)) +
  random.pick(["", "x", "]", ")", "e"]);

/** Lines of keys and values, tags and documents, that any YAML may have. */
const lines = (random: Random) =>
  Array.from({ length: random.size(40) }, () => {
    const indent = " ".repeat(random.below(6));
    const key = random.pick([
      "DATASET",
      "TRAIN",
      "num_class",
      "DIR",
      "<<",
      "?",
      "*a",
      "&a x",
      '"\\e[2J"',
      "null",
      "[a, b]",
      "{a: 1}",
      "__proto__",
    ]);
    const value = random.pick([
      "1",
      "",
      "|",
      ">-",
      "&a [1]",
      "*a",
      "!!js/function x",
      "!!binary aGk=",
      "!!set {a}",
      "2001-01-01",
      "'",
      '"',
      "[",
      "{",
      "---",
      "...",
      "%YAML 1.1",
      "\t",
      "- 1",
    ]);
    return `${indent}${key}${random.pick([": ", ":", " ", "\n", ": - "])}${value}`;
  }).join("\n");

function manyKeys(random: Random): string {
  const count = random.oneIn(20) ? 25_000 : random.size(3000);
  const key = random.pick<(i: number) => string>([
    (i) => `k${i}: 1`,
    (i) => `  k${i}: 1`,
    () => "k: 1",
    (i) => `TRAIN.k${i}: 1`,
  ]);
  return `DATASET:\n${Array.from({ length: count }, (_, i) => key(i)).join("\n")}\n`;
}

/** Each holds the one before several times. */
function laugh(random: Random): string {
  const depth = random.between(2, 40);
  const times = random.between(2, 10);
  const row = (i: number) =>
    `a${i}: &a${i} [${Array<string>(times)
      .fill(i === 0 ? "1" : `*a${i - 1}`)
      .join(", ")}]`;
  return `${Array.from({ length: depth }, (_, i) => row(i)).join("\n")}\nTRAIN:\n  class_weights: *a${depth - 1}\n`;
}
