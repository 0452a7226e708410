import type { ClassOccurrence } from "./dataset/judge-labels.ts";

/**
 * How far work is. Wherever `epoch` stands, it is the number of the epoch that is, or was just, trained, counted from 1.
 */
export type PipelineEvent =
  | DownloadEvent
  | UnpackEvent
  | CheckEvent
  | LabelsEvent
  | SegmentEvent
  | ScoreEvent
  | IterationEvent
  | CheckpointEvent
  | ValidationEvent
  | WaitingEvent;

/** A file is being downloaded. */
export interface DownloadEvent {
  type: "download";
  url: string;
  /** Where it will lie. */
  file: string;
  /** Bytes so far. */
  received: number;
  /** Bytes in all, where the server tells. */
  total: number | undefined;
}

/** An archive is being unpacked. */
export interface UnpackEvent {
  type: "unpack";
  file: string;
  /** Bytes written so far. */
  done: number;
  /** Bytes in all. */
  total: number;
}

/** Photos and labels are being looked at. */
export interface CheckEvent {
  type: "check";
  /** The folder or list that they are of, where there is one. */
  of?: string;
  done: number;
  total: number;
}

/** What the labels show that a training begins with; of a large data set, a sample. */
export interface LabelsEvent {
  type: "labels";
  /** The list. */
  list: string;
  /** In a line. */
  summary: string;
  /** How many label maps were looked at, of how many. */
  images: number;
  total: number;
  /** Pixels in them, and those of them that no class has. */
  pixels: number;
  unlabeled: number;
  /** Each class's pixels and label maps, the largest first. */
  occurrences: readonly ClassOccurrence[];
  /** What is suspicious about them. */
  warnings: readonly string[];
}

/** Photos are being segmented. */
export interface SegmentEvent {
  type: "segment";
  /** Photos so far; a fraction while the scales of one are at work. */
  done: number;
  total: number;
}

/** A network is being scored. */
export interface ScoreEvent {
  type: "score";
  /** The epoch whose network it is, where it is one of a training. */
  epoch?: number;
  /** Photos scored. */
  done: number;
  total: number;
  /** Of the photos scored so far. */
  pixelAccuracy: number;
  /** Of the photos scored so far, over the classes that occurred. */
  meanIouPresent: number;
  /** How long the rest will take. */
  secondsLeft: number;
}

/** A training step is done. Times and scores are means over the epoch so far. */
export interface IterationEvent {
  type: "iteration";
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
export interface CheckpointEvent {
  type: "checkpoint";
  epoch: number;
  /** How many iterations of that epoch are done: all of them, unless the training was interrupted. */
  iteration: number;
  folder: string;
  files: string[];
}

/** The network of an epoch was scored on `DATASET.list_val`. */
export interface ValidationEvent {
  type: "validation";
  epoch: number;
  meanIou: number;
  pixelAccuracy: number;
  /** The short side that photos were brought to, in pixels. */
  shortSide: number;
  /** Whether no earlier epoch was better. */
  best: boolean;
}

/** Replicas, or ranks of `mpirun`, wait for others, or an evaluation for one of its workers: these are slow, score the network, or were stopped. */
export interface WaitingEvent {
  type: "waiting";
  /** What they are: replicas or workers of this process, or processes that `mpirun` or `srun` started. */
  of: "replica" | "rank" | "worker";
  /** Those that are waited for, counted from 0. */
  ranks: readonly number[];
  /** The collective call that the others are in; of a worker the photo that it is at, or `start`. */
  during: string;
  /** How long they have been waited for. */
  seconds: number;
}
