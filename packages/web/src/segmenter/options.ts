import { type MakeError, refuseUnknownOptions, shown } from "@seg/errors";
import { WebError } from "./errors.ts";

/** A model: the one that comes along; the address of a folder or file; files that were dropped or picked. */
export type ModelOption = "demo" | (string & {}) | URL | readonly File[] | FileList;

/** The engines of a page. */
export type WebEngineName = "webgpu" | "webgl" | "wasm" | "cpu";

const ENGINES = ["auto", "webgpu", "webgl", "wasm", "cpu"];

/** How far the making of a segmenter is. */
export type LoadEvent =
  | { kind: "download"; done: number; total?: number; name: string }
  /** An engine that cannot be used, and why; or the one that runs, with its device. */
  | { kind: "engine"; name: string; reason: string }
  | { kind: "load" };

/** Which network, on which engine. */
export interface WebSegmenterOptions {
  /** Default `demo`. */
  model?: ModelOption | undefined;
  /** A configuration's YAML: its address, or the file. Default: the model's `config.yaml`, where there is one. */
  config?: string | URL | Blob | undefined;
  /** An encoder and a decoder, joined: `resnet50dilated-ppm_deepsup`; wins over the configuration's. */
  architecture?: string | undefined;
  /** Keys of the configuration with their values, such as `{"DATASET.imgSizes": 300}`; win over the configuration's. */
  set?: Readonly<Record<string, unknown>> | undefined;
  /** Default `auto`: WebGPU, WebGL, WebAssembly, the first that starts on a GPU and computes right. An ONNX file runs on ONNX Runtime's WebAssembly. */
  backend?: WebEngineName | "auto" | undefined;
  /** Where the demo model's folder `demo/` lies. Default: beside the page. */
  assets?: string | URL | undefined;
  /** Where TF.js's `.wasm` files lie: a folder's address. Default: where Vite and webpack put them. */
  wasmPaths?: string | undefined;
  /** Makes the worker, for bundlers that do not know `new Worker(new URL(…))`: it runs `@seg/web/worker`. */
  createWorker?: (() => Worker) | undefined;
  /** Ends the making. */
  signal?: AbortSignal | undefined;
  /** Told how far the making is. */
  onProgress?: ((event: LoadEvent) => void) | undefined;
}

/** How a photo is segmented. */
export interface WebSegmentOptions {
  /** Rejects at once; the worker stops between two scales. */
  signal?: AbortSignal | undefined;
  /** Called after each scale. */
  onProgress?: ((done: number, total: number) => void) | undefined;
  /** Also give the classes' probabilities. */
  scores?: boolean | undefined;
  /** Short sides, in pixels, to look at this photo at, in place of `DATASET.imgSizes`; the classes' probabilities are averaged over them. */
  sizes?: readonly number[] | undefined;
}

/** What the worker is told of a model. Addresses are whole. */
export interface Setup {
  model: { url: string } | { files: readonly File[] };
  isDemo: boolean;
  config: { url: string } | { blob: Blob } | undefined;
  architecture: string | undefined;
  set: Readonly<Record<string, unknown>>;
  backend: WebEngineName | "auto";
  wasmPaths: string | undefined;
}

const KNOWN = [
  ...[
    "model",
    "config",
    "architecture",
    "set",
    "backend",
    "assets",
    "wasmPaths",
    "createWorker",
    "signal",
    "onProgress",
  ],
];

const fail: MakeError = (line, data) => new WebError("option", line, { data });

/** @throws {WebError} `option` for options that there are not. */
export const refuseUnknown = (options: object, known: readonly string[], what: string) =>
  refuseUnknownOptions(options, known, what, fail);

const refused = (option: string, expected: string, received: unknown) =>
  new WebError("option", { expected, received: shown(received) }, { data: { option, received: String(received) } });

/**
 * What a page's options tell the worker.
 *
 * @throws {WebError} `option`.
 */
export function setupOf(options: WebSegmenterOptions): Setup {
  refuseUnknown(options, KNOWN, "an option of createSegmenter");
  const { model = "demo", config, architecture, set = {}, backend = "auto", assets = "./", wasmPaths } = options;
  if (!ENGINES.includes(backend)) throw refused("backend", `one of ${ENGINES.join(", ")} for backend`, backend);
  if (architecture !== undefined && !/^[^-]+-[^-]+$/.test(architecture)) {
    throw refused("architecture", "an encoder and a decoder, joined by a hyphen, for architecture", architecture);
  }
  if (typeof set !== "object" || set === null) throw refused("set", "an object of keys and values for set", set);
  const isDemo = model === "demo";
  return {
    model: isDemo ? { url: whole("demo/", "assets", whole(assets, "assets")) } : modelOf(model),
    isDemo,
    config:
      config === undefined ? undefined : config instanceof Blob ? { blob: config } : { url: whole(config, "config") },
    architecture,
    set,
    backend,
    wasmPaths: wasmPaths === undefined ? undefined : whole(wasmPaths, "wasmPaths"),
  };
}

function modelOf(model: Exclude<ModelOption, "demo">): Setup["model"] {
  if (typeof model === "string" || model instanceof URL) return { url: whole(model, "model") };
  const files = typeof model === "object" && model !== null && "length" in model ? Array.from(model) : [];
  if (files.length > 0 && files.every((file) => file instanceof File)) return { files };
  throw refused("model", '"demo", an address or files for model', model);
}

/** An address as it is from everywhere. */
function whole(address: string | URL, option: string, base: string = document.baseURI): string {
  try {
    return new URL(address, base).href;
  } catch {
    throw refused(option, `an address for ${option}`, address);
  }
}
