import type { SegClass } from "@seg/ade20k-data";
import type { Config } from "@seg/segmenter/config";
import { WebError } from "./errors.ts";
import type { Opened } from "./messages.ts";
import { refuseUnknown, type Setup, setupOf, type WebSegmenterOptions, type WebSegmentOptions } from "./options.ts";
import { photoMessage, type WebPhoto } from "./photo-message.ts";
import { segmentationOfFound, type WebSegmentation } from "./segmentation.ts";
import { WorkerProcess } from "./worker-process.ts";

/** Segments photos with one network, in a worker of its own. */
export interface WebSegmenter {
  /** The engine that runs, and for each one that was tried before it why it will not do: `webgpu: …`. A new worker may have another one. */
  readonly engine: { readonly name: string; readonly reasons: readonly string[] };
  /** Names and colours of the labels. */
  readonly classes: readonly SegClass[];
  /** The configuration that the model made. */
  readonly config: Config;
  /**
   * Segments a photo at its own size. Photos wait for one another.
   *
   * @throws {WebError} `option` for what is no photo; {PipelineError} `option` for what are no sizes; {WebError} `cross-origin`; `download`; `worker` if the worker ended: the next call gets a new one.
   * @throws {DataError} `not-an-image`, `bad-size`, for a file that cannot be read; {PipelineError} `out-of-memory`, `failed`.
   * @throws the signal's reason.
   */
  segment(photo: WebPhoto, options?: WebSegmentOptions): Promise<WebSegmentation>;
  /** Ends the worker; again, it does nothing. */
  dispose(): void;
}

// Bundlers look for this very form.
const ownWorker = () => new Worker(new URL("./worker.js", import.meta.url), { type: "module" });

/**
 * Makes a segmenter: starts a worker, has the model, starts the engine.
 *
 * @returns the segmenter; `dispose()` ends its worker.
 * @throws {WebError} `option`, `download`, `model`, `worker`; {PipelineError} `config`; {CheckpointError}, {OnnxError}, {BackendError} for
 *   what does not load or start. Of errors that come from the worker name, code, data and message are the same, the class is `Error`.
 * @throws the signal's reason.
 *
 * @example
 * ```ts page
 * import { createSegmenter } from "@seg/web";
 *
 * // The demo's model, in the folder `demo/` beside the page.
 * const segmenter = await createSegmenter({ backend: "wasm", wasmPaths: "wasm/" });
 * const { width, height, labels, classes } = await segmenter.segment("demo/china.jpg");
 * console.log(labels.length === width * height); // true
 * console.log(segmenter.engine.name, classes[0]?.name); // wasm sky
 * segmenter.dispose();
 * ```
 */
export async function createSegmenter(options: WebSegmenterOptions = {}): Promise<WebSegmenter> {
  const setup = setupOf(options);
  const { signal, onProgress = () => {}, createWorker = ownWorker } = options;
  signal?.throwIfAborted();
  const worker = new WorkerProcess(createWorker);
  const opened = await worker.open(setup, signal, onProgress);
  return new InWorker(setup, createWorker, worker, opened);
}

class InWorker implements WebSegmenter {
  readonly classes: readonly SegClass[];
  readonly config: Config;
  readonly #setup: Setup;
  readonly #create: () => Worker;
  #worker: Promise<WorkerProcess>;
  #current: WorkerProcess;
  #engine: Opened["engine"];
  #isDisposed = false;

  constructor(setup: Setup, create: () => Worker, worker: WorkerProcess, { engine, classes, config }: Opened) {
    this.#setup = setup;
    this.#create = create;
    this.#worker = Promise.resolve(worker);
    this.#current = worker;
    this.#engine = engine;
    this.classes = classes;
    this.config = config;
  }

  get engine(): Opened["engine"] {
    return this.#engine;
  }

  async segment(photo: WebPhoto, options: WebSegmentOptions = {}): Promise<WebSegmentation> {
    refuseUnknown(options, ["signal", "onProgress", "scores", "sizes"], "an option of segment");
    const { signal, onProgress = () => {}, scores = false, sizes } = options;
    signal?.throwIfAborted();
    if (this.#isDisposed) throw disposed();
    const [message, transfer] = await photoMessage(photo);
    const worker = await this.#living();
    if (this.#isDisposed) throw disposed();
    const found = await worker.segment(message, transfer, { scores, sizes, signal, onScale: onProgress });
    return segmentationOfFound(found, this.classes);
  }

  /** The worker; where it has ended, another one that holds the same network. */
  #living(): Promise<WorkerProcess> {
    if (this.#current.isAlive) return this.#worker;
    const next = new WorkerProcess(this.#create);
    this.#current = next;
    this.#worker = next
      .open(this.#setup, undefined, () => {})
      .then(({ engine }) => {
        this.#engine = engine;
        return next;
      });
    // Whoever waits is told; where nobody does, nothing is lost.
    this.#worker.catch(() => {});
    return this.#worker;
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#current.end(disposed());
  }
}

const disposed = () =>
  new WebError("option", {
    expected: "a segmenter in use",
    but: "this one is disposed",
    hint: "make another one by createSegmenter",
  });
