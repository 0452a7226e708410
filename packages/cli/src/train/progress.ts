/** What a training tells of itself. */
export type TrainProgress = IterationProgress | CheckpointProgress | ScoringProgress | ValidationProgress;

/** An iteration is done. Times and scores are means over the epoch so far. */
export interface IterationProgress {
  type: "iteration";
  /** Counted from 1. */
  epoch: number;
  epochs: number;
  /** Counted from 0, as the original prints it. */
  iteration: number;
  iterations: number;
  /** Whether it is one of those that are printed, every `TRAIN.disp_iter`th. */
  printed: boolean;
  /** Seconds for an iteration. */
  time: number;
  /** Seconds of them spent waiting for data. */
  data: number;
  lrEncoder: number;
  lrDecoder: number;
  /** In [0, 1]. */
  accuracy: number;
  loss: number;
  /** Until the last epoch's end. */
  secondsLeft: number;
}

/** A checkpoint is written. */
export interface CheckpointProgress {
  type: "checkpoint";
  /** Whole epochs done. */
  epoch: number;
  /** Iterations done of the next one. */
  iteration: number;
  folder: string;
  files: string[];
}

/** The network is being scored on `DATASET.list_val`. */
export interface ScoringProgress {
  type: "scoring";
  /** Whole epochs done. */
  epoch: number;
  /** Photos scored. */
  done: number;
  total: number;
}

/** The network was scored on `DATASET.list_val`. */
export interface ValidationProgress {
  type: "validation";
  /** Whole epochs done. */
  epoch: number;
  meanIou: number;
  pixelAccuracy: number;
  /** The short side that photos were brought to, in pixels. */
  shortSide: number;
  /** Whether no earlier epoch was better. */
  best: boolean;
}
