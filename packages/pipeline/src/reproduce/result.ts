import type { PublishedScores } from "./published.ts";

/** What was measured of one row. Scores are in percent, as the published ones. */
export interface MeasuredRow extends PublishedScores {
  /** The engine's name. */
  engine: string;
  workers: number;
  /** When it was done, in ISO 8601. */
  finished: string;
}

/** Where one half of a network's weights lay, and what they were. */
export interface WeightsOfRow {
  file: string;
  sha256: string;
}

/** One row of a {@link Reproduction}. */
export interface ReproducedRow {
  /** Its preset. */
  row: string;
  /** The original's figures; undefined where it has published none. */
  published?: PublishedScores | undefined;
  /** What is to be known of them. */
  note?: string | undefined;
  /** Undefined where the row failed. */
  measured?: MeasuredRow | undefined;
  /** Measured less published; a score that could not be computed is left out. */
  difference?: Partial<PublishedScores> | undefined;
  weights?: { encoder: WeightsOfRow; decoder: WeightsOfRow } | undefined;
  /** Whether an earlier run has measured it. */
  earlier: boolean;
  /** Why it failed, and the code of that error. */
  error?: { message: string; code: string | undefined } | undefined;
}

/** The results table, measured here: plain data. */
export interface Reproduction {
  multiScale: boolean;
  /** How many photos were scored. */
  photos: number;
  /** Whether they are as many as the published scores are of; else the differences say nothing. */
  comparable: boolean;
  rows: ReproducedRow[];
}

/** The difference of two lines, to the hundredth. */
export function differenceOf(measured: PublishedScores, published: PublishedScores): Partial<PublishedScores> {
  const names = ["meanIou", "pixelAccuracy", "photosPerSecond"] as const;
  const differences = names.map((name) => [name, Math.round((measured[name] - published[name]) * 100) / 100] as const);
  return Object.fromEntries(differences.filter(([, value]) => Number.isFinite(value)));
}
