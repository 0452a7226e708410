import { type ClassCount, sumCounts } from "@seg/ade20k-data";
import { shorten, suggestion } from "@seg/errors";
import { FileError, readTextFile } from "@seg/node";
import type { Config } from "@seg/segmenter/config";
import { BALANCES, type Balance, balanceOf } from "@seg/segmenter/config";
import { type ContextOptions, contextOf } from "../context.ts";
import { PipelineError } from "../errors.ts";
import type { LabelCounter } from "./label-counter.ts";

/**
 * The class weights that `TRAIN.class_weights` stands for: given, read from a file, or made of how often each class occurs in the labels.
 *
 * @returns One for each class; undefined if there are to be none.
 * @throws {PipelineError} `config` or `missing` for a file that is not there or does not hold a number for each class.
 * @throws {DataError} what is wrong with a label.
 */
export async function classWeights(
  { DATASET, TRAIN }: Config,
  count: LabelCounter,
  options: ContextOptions = {},
): Promise<readonly number[] | undefined> {
  const given = TRAIN.class_weights;
  if (given === "") return undefined;
  if (typeof given !== "string") return given;
  const balance = balanceOf(given);
  if (!balance) return readWeights(given, DATASET.num_class);
  const { log } = contextOf(options);
  const of = DATASET.list_train;
  const { classes } = sumCounts(await count(), DATASET.num_class);
  const weights = balanced(classes, balance, TRAIN.effective_beta);
  const spread = weights.filter((weight) => weight > 0);
  if (spread.length === 0) {
    const key = "TRAIN.class_weights";
    throw new PipelineError(
      "config",
      { expected: `labelled pixels in ${of} for ${key} ${balance}`, but: "there are none", hint: "look at the labels" },
      { data: { key, file: of } },
    );
  }
  const [least, most] = [Math.min(...spread), Math.max(...spread)].map((weight) => weight.toPrecision(3));
  const absent = weights.length - spread.length;
  log(
    `Class weights are from ${least} to ${most}${absent ? `; ${absent} ${absent === 1 ? "class does" : "classes do"} not occur` : ""}.`,
  );
  return weights;
}

/**
 * Weights by which rare classes count more; of a class that does not occur 0, which weighs no pixel.
 *
 * - `inverse`: all labelled pixels over (the number of classes times the class's pixels), so that all classes weigh alike.
 * - `median`: the median of all frequencies over the class's own, its pixels over those of the photos that it occurs in (Eigen and Fergus, ICCV 2015,
 *   section 6.3.2).
 * - `effective`: the inverse of the effective number of pixels (1 − βⁿ) / (1 − β), the mean of all weights 1 (Cui et al., CVPR 2019).
 */
export function balanced(counts: readonly ClassCount[], balance: Balance, beta: number): number[] {
  const occurring = counts.filter(({ pixels }) => pixels > 0);
  const weigh = {
    inverse: () => {
      const all = sum(occurring.map(({ pixels }) => pixels));
      return ({ pixels }: ClassCount) => all / (occurring.length * pixels);
    },
    median: () => {
      const frequency = ({ pixels, imagePixels }: ClassCount) => pixels / imagePixels;
      const middle = median(occurring.map(frequency));
      return (count: ClassCount) => middle / frequency(count);
    },
    effective: () => {
      // 1 − βⁿ, whose digits are lost in βⁿ where n is small.
      const weight = ({ pixels }: ClassCount) => (1 - beta) / -Math.expm1(pixels * Math.log(beta));
      const mean = sum(occurring.map(weight)) / occurring.length;
      return (count: ClassCount) => weight(count) / mean;
    },
  }[balance]();
  return counts.map((count) => (count.pixels > 0 ? weigh(count) : 0));
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, n) => total + n, 0);

function median(numbers: number[]): number {
  const sorted = numbers.sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** 255 numbers and what stands between them. */
const LARGEST_FILE = 1_000_000;

/** Reads a JSON array of numbers, or numbers with commas, blanks or line breaks between them. */
async function readWeights(file: string, classes: number): Promise<number[]> {
  const key = "TRAIN.class_weights";
  const text = await readTextFile(file, { limit: LARGEST_FILE }).catch((cause) => {
    const hint = /[./\\]/.test(file) ? "correct the path" : suggestion(file, [...BALANCES, "auto"]);
    const received = (cause instanceof FileError && cause.data.reason) || "it cannot be read";
    throw new PipelineError(
      "missing",
      { expected: `class weights in ${file} (${key})`, but: received, hint },
      { data: { key, file }, cause },
    );
  });
  const words = text
    .trim()
    .replace(/^\[|\]$/g, "")
    .split(/[\s,;]+/);
  const weights = words.filter((word) => word !== "").map(Number);
  const wrong = weights.findIndex((weight) => !(weight >= 0 && weight < Number.POSITIVE_INFINITY));
  if (wrong >= 0 || weights.length !== classes || !weights.some((weight) => weight > 0)) {
    const but =
      wrong >= 0
        ? `number ${wrong + 1} is ${shorten(words.filter((word) => word !== "")[wrong]!, 80)}`
        : weights.length !== classes
          ? `there are ${weights.length}`
          : "all are 0";
    throw new PipelineError(
      "config",
      {
        expected: `${classes} numbers of at least 0 in ${file} (${key}), one for each class,`,
        but,
        hint: "correct it",
      },
      { data: { key, file, expected: classes, received: weights.length } },
    );
  }
  return weights;
}
