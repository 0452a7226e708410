import { DECODER_NAMES, type DecoderName } from "@seg/decoders/requirements";
import { ENCODER_NAMES, type EncoderName } from "@seg/encoders/feature-info";
import * as z from "zod";
import { parseLiteral } from "./literal.ts";
import { BALANCES, LOSS_NAMES, lossText, parseLoss } from "./loss.ts";

// Each field carries its own words for what it takes, so that one place can tell any mistake: see `resolve.ts`.
function field<T extends z.ZodType>(expected: string, type: T, decode: (value: unknown) => unknown) {
  return z.preprocess(decode, type).meta({ expected });
}

const literal = (value: unknown) => (typeof value === "string" ? parseLiteral(value) : value);

// No system takes a path with a NUL.
const text = (expected = "text") =>
  field(expected, z.string().regex(/^[^\0]*$/), (value) =>
    typeof value === "number" || typeof value === "boolean" ? String(value) : value,
  );
const flag = () => field("True or False", z.boolean(), literal);
const whole = (least: number) =>
  field(`a whole number of at least ${least}`, z.number().int().min(least).max(Number.MAX_SAFE_INTEGER), literal);
const number = (expected: string, type: z.ZodNumber) => field(expected, type, literal);
const notNegative = () => number("a number of at least 0", z.number().min(0));
const pair = (expected: string, type: z.ZodType<readonly [number, number]>) =>
  field(expected, type, (value) => {
    const both = literal(value);
    return typeof both === "number" ? [both, both] : Array.isArray(both) ? both.map(literal) : both;
  });
const range = () =>
  pair(
    "two numbers above 0, the smaller one first, such as (0.5, 2)",
    z
      .tuple([z.number().gt(0), z.number()])
      .refine(([least, most]) => least <= most)
      .readonly(),
  );
const choice = <const T extends readonly [string, ...string[]]>(names: T) =>
  field(`one of ${names.join(", ")}`, z.enum(names), (value) =>
    typeof value === "string" ? (names.find((name) => name.toLowerCase() === value.toLowerCase()) ?? value) : value,
  );
const lossSum = () =>
  field(
    `a sum of ${LOSS_NAMES.join(", ")}, each at most once, such as ce + 0.5 dice`,
    z.string().refine((value) => parseLoss(value) !== undefined),
    (value) => {
      const terms = typeof value === "string" ? parseLoss(value) : undefined;
      return terms ? lossText(terms) : value;
    },
  );
const classWeights = () =>
  field(
    `auto, ${BALANCES.join(", ")}, numbers of at least 0 for all classes such as (1, 2.5, 0.3), or a file of them`,
    z.union([
      z.string(),
      z
        .array(z.number().min(0))
        .refine((weights) => weights.some((weight) => weight > 0))
        .readonly(),
    ]),
    (value) => {
      const read = literal(value);
      if (typeof read === "number") return [read];
      if (Array.isArray(read)) return read.map(literal);
      const word = typeof read === "string" ? read.toLowerCase() : read;
      return word === "auto" ? "median" : (BALANCES.find((name) => name === word) ?? read);
    },
  );

/**
 * MIT's configuration, section by section and key by key, with additions of ours, which TRAINING.md of `@seg/cli` explains. Values may
 * come as YAML or as Python writes them (`True`, `1e-4`, `(300, 375)`).
 */
export const configSchema = z.strictObject({
  DATASET: z.strictObject({
    root_dataset: text(),
    list_train: text(),
    list_val: text(),
    num_class: number("a whole number from 1 to 255 (labels have 8 bits)", z.number().int().min(1).max(255)),
    imgSizes: field(
      "short sides in pixels such as (300, 375, 450)",
      z.array(z.number().int().min(1)).min(1).readonly(),
      (value) => {
        const sizes = literal(value);
        return typeof sizes === "number" ? [sizes] : Array.isArray(sizes) ? sizes.map(literal) : sizes;
      },
    ),
    imgMaxSize: whole(1),
    padding_constant: whole(1),
    segm_downsampling_rate: whole(1),
    random_flip: flag(),
    random_scale: range(),
    crop_size: pair(
      "a side in pixels, (height, width), or 0",
      z
        .tuple([z.number().int().min(0), z.number().int().min(0)])
        .refine(([height, width]) => height > 0 === width > 0)
        .readonly(),
    ),
    cat_max_ratio: number("a number above 0, at most 1", z.number().gt(0).max(1)),
    jitter_brightness: notNegative(),
    jitter_contrast: notNegative(),
    jitter_saturation: notNegative(),
    jitter_hue: number("a number from 0 to 0.5", z.number().min(0).max(0.5)),
    blur_prob: number("a number from 0 to 1", z.number().min(0).max(1)),
    blur_sigma: range(),
    rare_class_temp: notNegative(),
    rare_class_min_pixels: whole(1),
    padLabel: choice(["ignore", "mit"]),
    max_pixels: whole(1),
    label_orientation: choice(["auto", "stored", "shown"]),
    classes: text("a file that names the classes, or nothing"),
    label_map: text("ade20k, zero-based, mask, voc, cityscapes or a file of label values or colours and their classes"),
    ignore_label: field(
      "label values such as 255 or (0, 255), or nothing",
      z.array(z.number().int().min(-1).max(255)).readonly(),
      (value) => {
        const values = value === "" ? [] : literal(value);
        return typeof values === "number" ? [values] : Array.isArray(values) ? values.map(literal) : values;
      },
    ),
  }),
  MODEL: z.strictObject({
    arch_encoder: choice(ENCODER_NAMES as [EncoderName]),
    arch_decoder: choice(DECODER_NAMES as [DecoderName]),
    weights_encoder: text(),
    weights_decoder: text(),
    weights_onnx: text(),
    fc_dim: whole(1),
    inputFormat: choice(["rgb", "bgr-2018"]),
  }),
  TRAIN: z.strictObject({
    batch_size_per_gpu: whole(1),
    num_epoch: whole(1),
    start_epoch: whole(0),
    epoch_iters: whole(1),
    optim: choice(["SGD", "Adam"]),
    lr_encoder: notNegative(),
    lr_decoder: notNegative(),
    lr_pow: notNegative(),
    beta1: number("a number from 0 up to, but not, 1", z.number().min(0).lt(1)),
    weight_decay: notNegative(),
    deep_sup_scale: notNegative(),
    loss: lossSum(),
    class_weights: classWeights(),
    effective_beta: number("a number above 0 and below 1", z.number().gt(0).lt(1)),
    ohem_threshold: number("a number above 0 and up to 1", z.number().gt(0).max(1)),
    ohem_min_kept: whole(1),
    focal_gamma: notNegative(),
    fix_bn: flag(),
    workers: whole(0),
    disp_iter: whole(1),
    seed: whole(0),
    warmup_iters: whole(0),
    clip_norm: notNegative(),
    accumulate: whole(1),
    replica_weight: choice(["pixels", "equal"]),
    keep: whole(0),
    save_every_iters: whole(0),
    eval_every: whole(0),
    early_stop: whole(0),
    ema_decay: number("a number from 0 up to, but not, 1", z.number().min(0).lt(1)),
    strict: field("True, False or auto", z.union([z.boolean(), z.literal("auto")]), literal),
  }),
  VAL: z.strictObject({
    visualize: flag(),
    checkpoint: text(),
    batch_size: number("1, because images differ in size", z.number().min(1).max(1)),
  }),
  TEST: z.strictObject({
    checkpoint: text(),
    result: text(),
    batch_size: number("1, because images differ in size", z.number().min(1).max(1)),
  }),
  DIR: text(),
});

/**
 * A whole configuration: every key has its value.
 *
 * @interface
 */
export type Config = z.infer<typeof configSchema>;

/** The sections, in the order in which they are printed. */
export const SECTIONS = ["DATASET", "MODEL", "TRAIN", "VAL", "TEST"] as const;

/** Every key with its dots: `DATASET.num_class`, …, `DIR`. */
export const CONFIG_KEYS: readonly string[] = [
  ...SECTIONS.flatMap((section) => Object.keys(configSchema.shape[section].shape).map((key) => `${section}.${key}`)),
  "DIR",
];

/** What the key `path` takes, in words. */
export function expectedOf(path: string): string {
  const [section, key] = path.split(".") as [keyof typeof configSchema.shape, string | undefined];
  const shape = configSchema.shape[section];
  const found = key && "shape" in shape ? (shape.shape as Record<string, z.ZodType>)[key] : shape;
  return String(found?.meta()?.expected);
}

/** Values for the keys that no one sets and that no architecture implies: those of the original. */
export const DEFAULTS: Readonly<Record<string, unknown>> = {
  "DATASET.root_dataset": "./data/",
  "DATASET.list_train": "./data/training.odgt",
  "DATASET.list_val": "./data/validation.odgt",
  "DATASET.num_class": 150,
  "DATASET.imgSizes": [300, 375, 450, 525, 600],
  "DATASET.imgMaxSize": 1000,
  "DATASET.random_flip": true,
  "DATASET.random_scale": [1, 1],
  "DATASET.crop_size": [0, 0],
  "DATASET.cat_max_ratio": 1,
  "DATASET.jitter_brightness": 0,
  "DATASET.jitter_contrast": 0,
  "DATASET.jitter_saturation": 0,
  "DATASET.jitter_hue": 0,
  "DATASET.blur_prob": 0,
  "DATASET.blur_sigma": [0.1, 2],
  "DATASET.rare_class_temp": 0,
  "DATASET.rare_class_min_pixels": 1,
  "DATASET.padLabel": "ignore",
  "DATASET.max_pixels": 178_956_970,
  "DATASET.label_orientation": "auto",
  "DATASET.classes": "",
  "DATASET.label_map": "ade20k",
  "DATASET.ignore_label": [],
  "MODEL.arch_encoder": "resnet50dilated",
  "MODEL.arch_decoder": "ppm_deepsup",
  "MODEL.weights_encoder": "",
  "MODEL.weights_decoder": "",
  "MODEL.weights_onnx": "",
  "TRAIN.batch_size_per_gpu": 2,
  "TRAIN.num_epoch": 20,
  "TRAIN.start_epoch": 0,
  "TRAIN.epoch_iters": 5000,
  "TRAIN.optim": "SGD",
  "TRAIN.lr_encoder": 0.02,
  "TRAIN.lr_decoder": 0.02,
  "TRAIN.lr_pow": 0.9,
  "TRAIN.beta1": 0.9,
  "TRAIN.weight_decay": 1e-4,
  "TRAIN.deep_sup_scale": 0.4,
  "TRAIN.loss": "ce",
  "TRAIN.class_weights": "",
  "TRAIN.effective_beta": 0.999999,
  "TRAIN.ohem_threshold": 0.7,
  "TRAIN.ohem_min_kept": 100000,
  "TRAIN.focal_gamma": 2,
  "TRAIN.fix_bn": false,
  "TRAIN.workers": 16,
  "TRAIN.disp_iter": 20,
  "TRAIN.seed": 304,
  "TRAIN.warmup_iters": 0,
  "TRAIN.clip_norm": 0,
  "TRAIN.accumulate": 1,
  "TRAIN.replica_weight": "pixels",
  "TRAIN.keep": 0,
  "TRAIN.save_every_iters": 0,
  "TRAIN.eval_every": 0,
  "TRAIN.early_stop": 0,
  "TRAIN.ema_decay": 0,
  "TRAIN.strict": "auto",
  "VAL.visualize": false,
  "VAL.checkpoint": "epoch_20.pth",
  "VAL.batch_size": 1,
  "TEST.checkpoint": "epoch_20.pth",
  "TEST.result": "./",
  "TEST.batch_size": 1,
};
