import {
  type ClassScores,
  type ConfusionMatrix,
  type ConfusionMatrixJson,
  computeScores,
  type Scores,
} from "@seg/metrics";
import type { ScoreEvent } from "../events.ts";

/** What an evaluation found: plain data. Scores are from 0 to 1, NaN (`null` in JSON) where there is nothing to divide by. */
export interface Evaluation extends Omit<Scores, "classes"> {
  /** Whether it ended early; then the scores are of the `images` that were done. */
  partial: boolean;
  /** How many images were scored. */
  images: number;
  /** How many there are. */
  total: number;
  /** Short sides that each photo was brought to. */
  sizes: readonly number[];
  /** Whether mirror images were looked at too. */
  flip: boolean;
  /** The engine's name. */
  engine: string;
  workers: number;
  /** Seconds from the first worker's readiness to the last image, divided by the images. */
  secondsPerImage: number;
  /** Seconds that an engine took for one image, on average. */
  engineSecondsPerImage: number;
  classes: (ClassScores & { name: string })[];
  /** The counts that all of it follows from. */
  confusion: ConfusionMatrixJson;
  /** Each image's own scores, in the list's order. */
  perImage: ImageScores[];
}

/** How well one image was segmented. */
export interface ImageScores {
  image: string;
  pixelAccuracy: number;
  /** Over the classes that occur in it. */
  meanIouPresent: number;
}

/** How far an evaluation is, `seconds` after its beginning. */
export function scoreEvent(
  matrix: ConfusionMatrix,
  { done, total, seconds, epoch }: Pick<ScoreEvent, "done" | "total" | "epoch"> & { seconds: number },
): ScoreEvent {
  const { pixelAccuracy, meanIouPresent } = computeScores(matrix);
  const secondsLeft = (seconds / done) * (total - done);
  return { type: "score", ...(epoch && { epoch }), done, total, pixelAccuracy, meanIouPresent, secondsLeft };
}

/** The scores of a matrix, with the classes' names. */
export function namedScores(
  matrix: ConfusionMatrix,
  names: readonly string[],
): Scores & Pick<Evaluation, "classes" | "confusion"> {
  const { classes, ...scores } = computeScores(matrix);
  return {
    ...scores,
    classes: classes.map((scoresOfClass, index) => ({ ...scoresOfClass, name: names[index]! })),
    confusion: matrix.toJSON(),
  };
}
