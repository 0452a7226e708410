import { loadConfig } from "@seg/pipeline/config";
import { hostileYaml, mutatedText } from "../../../packages/ade20k-data/test/support/hostile-text.ts";
import { build, type Format, type Fuzzer } from "../src/format.ts";
import { mutateBytes } from "../src/mutate-bytes.ts";
import { mutateText, NASTY_TEXTS } from "../src/mutate-text.ts";
import type { Random } from "../src/random.ts";

const SEED = `DATASET:
  root_dataset: "./data/"
  list_train: "./data/training.odgt"
  num_class: 3
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
      sound: [file(SEED)],
      make: (random) =>
        build(random, [
          [50, "changed text", () => file(mutateText(random, SEED))],
          [20, "changed bytes", () => file(mutateBytes(random, seed))],
          [25, "other spellings", () => file(respelled(random))],
          [10, "lines of YAML", () => file(lines(random))],
          [10, "a text that takes long", () => file(hostileYaml(random.fraction))],
          [10, "a text with parts cut out, repeated or recoded", () => file(mutatedText(random.fraction, SEED))],
          [3, "escapes", () => file(SEED.replace(/\w+:/, () => `${JSON.stringify(random.pick(NASTY_TEXTS))}:`))],
        ]),
      names: (error) => {
        const { origin, encoder } = ((error as { data?: object }).data ?? {}) as Record<string, unknown>;
        // Of an encoder and a decoder that do not fit each other, and of a value that only another one forbids, which may be nobody's but the
        // default, the line says the keys: they may come from several files, or none.
        const isElsewhere = encoder !== undefined || (origin !== undefined && !String(origin).includes("mine.yaml"));
        return isElsewhere ? [] : undefined;
      },
      async read(cfg) {
        const { config } = loadConfig({ cfg });
        const isSound = Number.isInteger(config.DATASET.num_class) && typeof config.DIR === "string";
        return { wrong: isSound ? undefined : "no number of classes, or no folder" };
      },
    };
  },
};

/** The same settings, some left out or of another number, in any order of sections, as people write them: quoted, commented, with anchors. */
function respelled(random: Random): string {
  const sections = SEED.split(/\n(?=\w)/).map((section) => {
    const [head = "", ...lines] = section.split("\n");
    const kept = lines.filter((line) => line.includes("num_class") || !random.oneIn(5));
    const written = kept.map((line, i) => {
      const [, key = "", value = ""] = /^(.+?: )(.+)$/.exec(line) ?? [];
      if (value === "") return line;
      return `${key}${random.pick([
        ...[
          value,
          value,
          `${value}  # ${"why ".repeat(random.size(200))}`,
          `&${head.slice(0, 2)}${i} ${value}`,
          `\n    ${value}`,
        ],
        ...(/^[\w.]+$/.test(value) ? [`'${value}'`, `"${value}"`] : []),
        // Numbers that several settings allow, and those that only some do.
        ...(/^\d+$/.test(value) && !/num_class|fc_dim/.test(key) ? [String(random.size(400)), "0"] : []),
      ])}`;
    });
    return [head, ...written].join("\n");
  });
  return `${random.shuffled(sections).join("\n")}\n`;
}

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
