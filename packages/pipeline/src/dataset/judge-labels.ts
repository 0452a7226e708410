import { DataError, type LabelCounts, READY_CONVENTIONS, type ReadyConvention, type SegClass } from "@seg/ade20k-data";
import type { Config } from "@seg/segmenter/config";
import { PipelineError } from "../errors.ts";

/** How many classes a line names. */
const NAMED = 10;

/** What was counted, and of what. */
export interface CountedLabels {
  counts: LabelCounts;
  classes: readonly SegClass[];
  /** The list or folder. */
  of: string;
  /** `DATASET.label_map`. */
  labelMap: string;
  /** Whether all label maps were counted, not a sample. */
  whole: boolean;
}

/**
 * Refuses to train one class: its softmax is always 1, so that the loss is 0 and the accuracy full whatever the photos show.
 *
 * @throws {PipelineError} `config`.
 */
export function refuseOneClass({ DATASET: { num_class } }: Config): void {
  if (num_class > 1) return;
  throw new PipelineError(
    "config",
    {
      expected: "at least 2 classes (DATASET.num_class) to tell from each other",
      received: String(num_class),
      hint: "count the background too: --num-class 2 with DATASET.label_map zero-based for labels 0 and 1, or mask for 0 and 255",
    },
    { data: { key: "DATASET.num_class", expected: 2, received: num_class } },
  );
}

/** The error for labels that teach nothing, as none of their pixels has a class, or all have the same; undefined where there are two classes. */
export function nothingToLearn({ counts, classes, of, labelMap }: CountedLabels): DataError | undefined {
  const { images, pixels, unlabeled } = counts;
  const present = classes.filter(({ index }) => counts.classes[index]!.pixels > 0);
  if (images === 0 || present.length > 1) return undefined;
  const share = percent(unlabeled / pixels);
  const [but, why] =
    present.length === 0
      ? [`no pixel of ${images} label maps has a class`, "they are all ignored"]
      : [
          `all of ${images} label maps show ${namesOf(present)} alone, which a network that always answers it has right`,
          unlabeled === 0 ? "nothing is ignored" : `the other ${share} of the pixels are ignored`,
        ];
  return new DataError(
    "bad-label",
    `${of}: Expected labels to learn from but ${but}: by DATASET.label_map ${labelMap}, ${why}; name another one (zero-based for labels 0 and 1, mask for 0 and 255, a file), or correct DATASET.ignore_label.`,
    { data: { file: of } },
  );
}

/** What is suspicious about the labels of a training, a line each. */
export function suspicions(counted: CountedLabels): string[] {
  const { counts, classes, labelMap, whole } = counted;
  const { images, pixels, unlabeled } = counts;
  if (images === 0 || unlabeled === pixels) return [];
  const present = classes.filter(({ index }) => counts.classes[index]!.pixels > 0);
  const absent = classes.filter(({ index }) => counts.classes[index]!.pixels === 0);
  const highest = present.at(-1)!.index + 1;
  const lines: string[] = [];
  // In a sample the rare ones are absent.
  if (absent.length > 0 && (whole || highest <= classes.length / 2)) {
    const one = absent.length === 1;
    const where = whole
      ? `never occur${one ? "s" : ""}`
      : `occur${one ? "s" : ""} in none of ${images} labels that were looked at`;
    // Another number of classes than its own, a ready convention does not take.
    const isFree = READY_CONVENTIONS[labelMap as ReadyConvention]?.numClasses === undefined;
    const settle =
      isFree && highest < classes.length && highest > 1
        ? `; the highest that occurs is ${highest}: is --num-class ${highest} meant?`
        : "";
    lines.push(`${absent.length} of ${classes.length} classes ${where}: ${namesOf(absent)}${settle}`);
  }
  if (unlabeled > pixels / 2) {
    lines.push(`${percent(unlabeled / pixels)} of the pixels are unlabeled: training learns nothing from them.`);
  }
  return [...lines, ...seemsZeroBased(counted)];
}

/** The line for labels that look as if 0 were their first class, though it stands for unlabeled. */
export function seemsZeroBased({ counts, classes, labelMap }: CountedLabels): string[] {
  const occurs = counts.classes.map(({ pixels }) => pixels > 0);
  const highest = occurs.lastIndexOf(true) + 1;
  const isFromOne = highest > 0 && occurs.slice(0, highest).every(Boolean);
  // A few rare classes may well be absent.
  const isShort = highest === classes.length - 1 || highest <= classes.length / 2;
  if (labelMap !== "ade20k" || counts.unlabeled === 0 || !isFromOne || !isShort) return [];
  const share = percent(counts.unlabeled / counts.pixels);
  const count = highest + 1 === classes.length ? "" : ` and --num-class ${highest + 1}`;
  const which = highest === 1 ? "Class 1 occurs" : `Classes 1 to ${highest} occur`;
  return [
    `${which}, none above, and ${share} of the pixels are 0, unlabeled: if 0 is the first class in your labels, set DATASET.label_map zero-based${count}.`,
  ];
}

/** One line: how many classes occur, the largest ones, and how much is unlabeled. */
export function summaryOf({ counts, classes, whole }: CountedLabels): string {
  const { images, pixels, unlabeled } = counts;
  const sorted = sharesOf(counts, classes).filter(({ images: of }) => of > 0);
  const largest = sorted.slice(0, 5).map(({ name, share }) => `${name} ${percent(share)}`);
  const rest = sorted.length > largest.length ? ", …" : "";
  const of = `${images} ${images === 1 ? "label" : "labels"}${whole ? "" : ", a sample"}`;
  const shares = largest.length > 0 ? `: ${largest.join(", ")}${rest}` : "";
  return `In ${of}, ${sorted.length} of ${classes.length} classes occur${shares}; ${percent(unlabeled / pixels)} unlabeled`;
}

/** What is known of a class in label maps. */
export interface ClassOccurrence {
  /** As label files number it, from 1. */
  number: number;
  name: string;
  pixels: number;
  /** Its part of the pixels that have a class, 0-1. */
  share: number;
  /** How many label maps show it. */
  images: number;
}

/** Each class's pixels and images, the largest first. */
export function sharesOf(
  { classes: of, pixels, unlabeled }: LabelCounts,
  classes: readonly SegClass[],
): ClassOccurrence[] {
  return classes
    .map(({ index, name }) => ({
      ...{ number: index + 1, name, pixels: of[index]!.pixels },
      ...{ share: of[index]!.pixels / Math.max(1, pixels - unlabeled), images: of[index]!.images },
    }))
    .sort((a, b) => b.pixels - a.pixels);
}

/** `7 sign, 8 fence and 3 more`; a class that is but a number once. */
function namesOf(classes: readonly SegClass[]): string {
  const named = classes
    .slice(0, NAMED)
    .map(({ index, name }) => (name === `class ${index + 1}` ? name : `${index + 1} ${name}`));
  const more = classes.length - named.length;
  return `${named.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

const percent = (share: number) => `${share > 0 && share < 0.001 ? "<0.1" : +(share * 100).toFixed(1)} %`;
