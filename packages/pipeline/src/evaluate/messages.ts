import type { LabelConvention, SegClass } from "@seg/ade20k-data";
import type { ConfusionMatrixJson } from "@seg/metrics";
import type { SerializedError } from "@seg/node";
import type { InputOptions } from "@seg/segmenter";
import type { Config } from "@seg/segmenter/config";
import type { InferenceEngineInfo, InferenceEngineName } from "../model/inference-engine.ts";
import type { ModelFiles } from "../weights/find.ts";

/** A photo with its label map. */
export interface EvaluationPair {
  /** What its picture is called, without an extension. */
  name: string;
  imagePath: string;
  labelPath: string;
}

/** What a worker needs to know before its first image. */
export interface WorkerSetup {
  config: Config;
  files: ModelFiles;
  backend: InferenceEngineName | "auto";
  /** The GPU that it is to use. */
  gpu: number | undefined;
  /** Threads of the native CPU engine. */
  threads: number | undefined;
  flip: boolean;
  loader: LoaderSetup;
}

/** What a worker's loader thread needs to know. */
export interface LoaderSetup {
  scales: InputOptions;
  classes: readonly SegClass[];
  convention: LabelConvention;
  /** The most pixels of a photo or label. */
  maxPixels: number;
  /** Where pictures of each image are written; none are without it. */
  pictures?: string | undefined;
}

/** What a worker tells of itself when it can begin. */
export interface WorkerInfo {
  engine: InferenceEngineInfo;
  /** A line for each engine that was tried. */
  notes: string[];
}

/** What became of one image. */
export interface ImageCounts {
  confusion: ConfusionMatrixJson;
  /** Milliseconds that the engine took. */
  engineTime: number;
}

/** What a worker says. */
export type FromWorker<Info, Result> =
  /** It can begin, and wants to have up to `capacity` tasks at a time. */
  | { type: "ready"; capacity: number; info: Info }
  /** It is at work on this task, and alive. */
  | { type: "working"; index: number }
  | { type: "done"; index: number; result: Result }
  /** Something is wrong with the task or the settings: no other worker would do better. */
  | { type: "failed"; error: SerializedError }
  /** Something is wrong with the worker, which is about to end. */
  | { type: "dying"; reason: string };

/** What a worker is told after its setup. */
export interface ToWorker<Task> {
  index: number;
  task: Task;
}
