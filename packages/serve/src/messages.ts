import type { ClassShare, SegClass } from "@seg/ade20k-data";
import type { SerializedError } from "@seg/node";
import type { Resolved } from "@seg/pipeline/config";
import type { InferenceEngineInfo, InferenceEngineName } from "@seg/pipeline/model";
import type { ModelFiles } from "@seg/pipeline/weights";

/** What a picture of an answer shows. */
export const PICTURES = ["overlay", "labels", "legend"] as const;

/** What is wanted of one photo. */
export interface Task {
  /** The photo's file. */
  photo: Uint8Array;
  /** The most pixels that it may have. */
  maxPixels: number;
  /** Short sides to look at it at; those of the configuration where there are none. */
  sizes?: readonly number[] | undefined;
  /** Indices of the classes that count; pixels of others are unlabeled. All of them where there are none. */
  classes?: readonly number[] | undefined;
  /** A picture instead of facts. */
  picture?: (typeof PICTURES)[number] | undefined;
  /** Weight of the overlay's colours, 0 to 1. */
  alpha?: number | undefined;
  /** The index of a class whose mask is wanted instead. */
  mask?: number | undefined;
}

/** What a photo shows, as JSON answers hold it. */
interface Facts {
  width: number;
  height: number;
  /** The classes present, the largest first, with their share of all pixels (0-1). */
  classes: readonly ClassShare[];
}

/** What became of a task. */
export interface Result {
  facts: Facts;
  /** The picture's PNG file, where one was wanted. */
  png?: Uint8Array;
}

/** What a worker is told first. */
export interface WorkerSetup {
  config: Resolved;
  weights: ModelFiles;
  backend: InferenceEngineName | "auto";
  gpu: number | undefined;
  threads: number | undefined;
}

/** What it is told then. */
export type ToWorker = { type: "task"; id: number; task: Task } | { type: "cancel"; id: number };

/** What a worker tells of itself when it can begin. */
export interface WorkerInfo {
  engine: InferenceEngineInfo;
  classes: readonly SegClass[];
  /** A line for each engine that was tried. */
  notes: readonly string[];
}

/** What a worker says. */
export type FromWorker =
  | { type: "ready"; info: WorkerInfo }
  /** The engine is at work on this task. */
  | { type: "working"; id: number }
  | { type: "done"; id: number; result: Result }
  /** Something is wrong with the task, or with the settings where there is no `id`: no other worker would do better. */
  | { type: "failed"; id?: number; error: SerializedError }
  /** Something is wrong with the worker, which is about to end. */
  | { type: "dying"; reason: string };
