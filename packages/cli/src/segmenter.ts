import { setImmediate } from "node:timers/promises";
import {
  type ClassShare,
  classShares,
  decodeImage,
  overlay,
  type RgbImage,
  type SegClass,
  validationScales,
} from "@seg/ade20k-data";
import { type EngineInfo, type EngineName, startEngine } from "@seg/backend";
import { argmaxResized, type InferenceModel } from "@seg/layers";
import * as tf from "@tensorflow/tfjs";
import { classSet } from "./class-set.ts";
import { loadConfig } from "./config/load.ts";
import type { Resolved } from "./config/resolve.ts";
import type { Config } from "./config/schema.ts";
import { CliError } from "./errors.ts";
import { loadNetwork } from "./network.ts";
import type { Terminal } from "./terminal.ts";
import type { WeightFiles } from "./weights/find.ts";
import { locateWeights } from "./weights/locate.ts";

/** A photo: a path, an http(s) URL, an image file's bytes, RGB pixels, or a tensor `[height, width, 3]` with values 0-255. */
export type Photo = string | Uint8Array | RgbImage | tf.Tensor3D;

/** What a photo shows. */
export interface Segmentation {
  /** The class of each pixel, row by row; indices from 0. */
  labels: Uint8Array | Int32Array;
  /** The photo's width in pixels. */
  width: number;
  /** The photo's height in pixels. */
  height: number;
  /** The classes present, the largest first, with their share of all pixels (0-1). */
  classes: ClassShare[];
  /** The photo itself, as it was decoded. */
  image: RgbImage;
  /** The photo with the classes' colours over it, `alpha` (0-1, default 0.5) of it colour. */
  overlay(alpha?: number): RgbImage;
}

/** How one photo is segmented. */
export interface SegmentOptions {
  /** Stops between two scales. */
  signal?: AbortSignal | undefined;
  /** Called after each scale. */
  onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Segments photos with one network on one engine. */
export class Segmenter {
  /** The configuration that it was made of. */
  readonly config: Config;
  /** The engine that it runs on. */
  readonly engine: EngineInfo;
  /** Names and colours of the labels. */
  readonly classes: readonly SegClass[];
  readonly #network: InferenceModel;

  /** Use {@link createSegmenter}. */
  constructor(config: Config, engine: EngineInfo, classes: readonly SegClass[], network: InferenceModel) {
    this.config = config;
    this.engine = engine;
    this.classes = classes;
    this.#network = network;
  }

  /**
   * Segments a photo at its own size; with several `DATASET.imgSizes` the classes' probabilities are averaged over them.
   *
   * @throws {DataError} if the photo cannot be had or read.
   */
  async segment(photo: Photo, { signal, onProgress }: SegmentOptions = {}): Promise<Segmentation> {
    const image = await pixels(photo);
    const { imgSizes, imgMaxSize, padding_constant } = this.config.DATASET;
    const options = {
      sizes: imgSizes,
      maxSize: imgMaxSize,
      paddingConstant: padding_constant,
      inputFormat: this.config.MODEL.inputFormat,
    };
    const scores: tf.Tensor4D[] = [];
    try {
      for (const { data, width, height } of validationScales(image, options)) {
        // Lets an interrupt in: a network's pass blocks the thread.
        await setImmediate();
        signal?.throwIfAborted();
        const input = tf.tensor4d(data, [1, height, width, 3]);
        scores.push(this.#network.predict(input)[0] as tf.Tensor4D);
        input.dispose();
        onProgress?.(scores.length, imgSizes.length);
      }
      const classOf = argmaxResized(scores, [image.height, image.width]);
      const indices = (await classOf.data()) as Int32Array;
      classOf.dispose();
      const labels = this.classes.length <= 256 ? Uint8Array.from(indices) : indices;
      const map = { labels, width: image.width, height: image.height };
      const classes = classShares(map, this.classes);
      return { ...map, classes, image, overlay: (alpha) => overlay(image, map, this.classes, alpha) };
    } finally {
      tf.dispose(scores);
    }
  }

  /** Frees the network. */
  dispose(): void {
    this.#network.dispose();
  }
}

async function pixels(photo: Photo): Promise<RgbImage> {
  if (typeof photo === "string" || photo instanceof Uint8Array) return decodeImage(photo);
  if (!(photo instanceof tf.Tensor)) return photo;
  const [height, width, channels] = photo.shape;
  if (photo.rank !== 3 || channels !== 3) {
    throw new CliError(
      "usage",
      `Expected a tensor [height, width, 3] with values 0-255 but received [${photo.shape}].`,
    );
  }
  return { data: Uint8Array.from(await photo.data()), width, height };
}

/** What {@link openSegmenter} needs besides a configuration. */
export interface OpenOptions {
  /** Where the weights lie. */
  files: WeightFiles;
  /** Default `auto`. */
  backend?: EngineName | "auto" | undefined;
  /** Receives a line for each engine tried. */
  log?: ((line: string) => void) | undefined;
}

/** Starts the engine and loads the configuration's network. */
export async function openSegmenter(config: Config, { files, backend = "auto", log }: OpenOptions): Promise<Segmenter> {
  const classes = await classSet(config);
  const engine = await startEngine(backend, { log });
  return new Segmenter(config, engine, classes, await loadNetwork(config, files));
}

/** Options of {@link createSegmenter}. */
export interface SegmenterOptions {
  /** A YAML file with MIT's keys, or the name of a ready configuration such as `resnet50dilated-ppm_deepsup`, the default. */
  config?: string;
  /** An encoder and a decoder, joined: `resnet18dilated-ppm_deepsup`; wins over the configuration's. */
  architecture?: `${string}-${string}`;
  /** Keys of the configuration with their values, such as `{"DATASET.num_class": 11}`; win over the configuration's. */
  set?: Readonly<Record<string, unknown>>;
  /** Where the two weights lie. Default: as the configuration says, then the cache, then MIT's server. */
  weights?: WeightFiles;
  /** Default `auto`: native GPU, native CPU, WebAssembly, the first that starts. */
  backend?: EngineName | "auto";
  /** Receives notes on engines and downloads. Default: nothing is printed. */
  log?: (line: string) => void;
  /** Stops a download. */
  signal?: AbortSignal;
}

/**
 * Makes a segmenter: resolves the configuration, finds or downloads the weights, starts the engine.
 *
 * @returns The segmenter; `dispose()` frees its network.
 * @throws {CliError} `config` or `missing`, in one line with the way out.
 * @throws {BackendError} if the engine cannot start.
 */
export async function createSegmenter(options: SegmenterOptions = {}): Promise<Segmenter> {
  const { architecture, set = {}, log = () => {}, signal, backend } = options;
  const [encoder, ...rest] = architecture?.split("-") ?? [];
  const pair = encoder ? { "MODEL.arch_encoder": encoder, "MODEL.arch_decoder": rest.join("-") } : {};
  const flags = Object.entries({ ...pair, ...set }).map(([key, value]) => ({ key, value, origin: "createSegmenter" }));
  const resolved: Resolved = loadConfig({ ...(options.config !== undefined && { cfg: options.config }), flags });
  const silent = { note: log, warn: log, drawsBars: false, progress: () => ({ update() {}, stop() {} }) };
  const files =
    options.weights ??
    (await locateWeights(resolved, {
      env: process.env,
      terminal: silent satisfies Pick<Terminal, "note" | "warn" | "drawsBars" | "progress">,
      ...(signal && { signal }),
    }));
  return openSegmenter(resolved.config, { files, backend, log });
}
