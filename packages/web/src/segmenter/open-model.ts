import { parseClasses, type SegClass } from "@seg/ade20k-data";
import { startEngine } from "@seg/backend/browser";
import { explainClassCount, loadNetwork, type Network } from "@seg/segmenter";
import {
  CONFIG_FILE,
  CONFIG_MARK,
  type Config,
  DEMO_ARCHITECTURE,
  DEMO_CHECKPOINT,
  DEMO_SIZE,
  knownSettings,
  type Resolved,
  resolveConfig,
  type Setting,
  settingsOfYaml,
  withoutImplied,
} from "@seg/segmenter/config";
import { networkProof } from "@seg/segmenter/proof";
import { classSet } from "@seg/segmenter/segmentation";
import type { Opened } from "./messages.ts";
import { type Folder, findWeights, folderOfFiles, isWeights, type Weights } from "./model-files.ts";
import type { LoadEvent, Setup } from "./options.ts";
import { bytesAt, modelBytes } from "./weight-cache.ts";

/** A network on an engine, and what is told of it. */
export interface OpenModel extends Opened {
  network: Network;
}

/** As the pipeline's: the original's configurations have 2 kB. */
const LARGEST_TEXT = 1_000_000;
/** More than an address space of WebAssembly. */
const LARGEST_WEIGHTS = 4 * 2 ** 30;

/**
 * Has the model that is wanted: reads its configuration, finds its weights, starts the engine.
 *
 * @throws {WebError} `download`, `model`; {PipelineError} `config`; what the weights or the engine throw.
 */
export async function openModel(
  setup: Setup,
  { signal, onProgress }: { signal: AbortSignal; onProgress: (event: LoadEvent) => void },
): Promise<OpenModel> {
  const folder =
    "url" in setup.model ? folderAt(setup.model.url, signal, onProgress) : folderOfFiles(setup.model.files);
  const { config, settings } = await configOf(setup, folder, signal);
  const checkpoint = settings.get("TEST.checkpoint")!;
  const weights = await findWeights(
    folder,
    checkpoint.implied ? undefined : config.TEST.checkpoint,
    // Where a folder cannot be listed: what `seg train` leaves when it is through, then what the original does.
    ["best.pth", `epoch_${config.TRAIN.num_epoch}.pth`, config.TEST.checkpoint],
  );
  const classes = await classesOf(config, folder);
  signal.throwIfAborted();
  const opened =
    "onnx" in weights
      ? await onOnnxRuntime(weights.onnx, config)
      : await onTensorFlow(weights, config, setup, onProgress);
  return { ...opened, classes, config };
}

/** A folder at an address, or the one that holds the file at it. */
function folderAt(url: string, signal: AbortSignal, onProgress: (event: LoadEvent) => void): Folder {
  const { pathname } = new URL(url);
  const last = pathname.split("/").at(-1)!;
  const isFile = isWeights(last) || /^(blob|data):/.test(url);
  const base = isFile || pathname.endsWith("/") ? url : url.replace(/^([^?#]*)/, "$1/");
  // A half's file stands for its pair; any other is the whole model.
  const [, half, checkpoint] = /^(encoder|decoder)_(.+)$/.exec(last) ?? [];
  return {
    name: url,
    names: isFile
      ? half
        ? ["encoder", "decoder"].map((one) => `${one}_${checkpoint}`)
        : [isWeights(last) ? last : "model.onnx"]
      : undefined,
    async read(name) {
      const address = isFile && !half && name !== CONFIG_FILE && isWeights(name) ? url : new URL(name, base).href;
      const most = isWeights(name) ? LARGEST_WEIGHTS : LARGEST_TEXT;
      const bytes = await modelBytes(address, { signal, most, onProgress: isWeights(name) ? onProgress : undefined });
      // Some servers answer with a page where there is no file.
      return bytes && startsAsPage(bytes) ? undefined : bytes;
    },
  };
}

const startsAsPage = (bytes: Uint8Array) =>
  /^\s*<(!doctype|html)/i.test(new TextDecoder().decode(bytes.subarray(0, 100)));

async function configOf(setup: Setup, folder: Folder, signal: AbortSignal): Promise<Resolved> {
  const [encoder, ...decoder] = (setup.architecture ?? (setup.isDemo ? DEMO_ARCHITECTURE : "")).split("-");
  const given = {
    ...(encoder && { "MODEL.arch_encoder": encoder, "MODEL.arch_decoder": decoder.join("-") }),
    ...(setup.isDemo && { "TEST.checkpoint": DEMO_CHECKPOINT, "DATASET.imgSizes": DEMO_SIZE }),
    ...setup.set,
  };
  const over = Object.entries(given).map(
    ([key, value]): Setting => ({ key, value, origin: "in the options", explicit: true }),
  );
  return resolveConfig([...withoutImplied(await writtenSettings(setup, folder, signal), over), ...over]);
}

async function writtenSettings({ config, isDemo }: Setup, folder: Folder, signal: AbortSignal): Promise<Setting[]> {
  if (config && "url" in config) {
    return settingsOfYaml(config.url, textOf(await bytesAt(config.url, { signal, most: LARGEST_TEXT })));
  }
  if (config) return settingsOfYaml("the configuration", await config.blob.slice(0, LARGEST_TEXT).text());
  if (isDemo) return [];
  const name = folder.names?.find((one) => /\.ya?ml$/i.test(one)) ?? CONFIG_FILE;
  const file = await folder.read(name);
  if (!file) return [];
  const text = file instanceof Blob ? await file.slice(0, LARGEST_TEXT).text() : textOf(file);
  const settings = settingsOfYaml(name, text);
  return text.startsWith(CONFIG_MARK) ? settings : knownSettings(settings);
}

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** Classes are in a file beside the weights, whatever path the configuration says. */
async function classesOf(config: Config, folder: Folder): Promise<readonly SegClass[]> {
  const name = config.DATASET.classes.split(/[/\\]/).at(-1);
  const file = name ? await folder.read(name) : undefined;
  if (!name || !file) return classSet(config);
  return classSet(config, parseClasses(name, file instanceof Blob ? await file.text() : textOf(file)));
}

type Running = Pick<OpenModel, "engine" | "network">;

async function onTensorFlow(
  weights: Exclude<Weights, { onnx: unknown }>,
  config: Config,
  { backend, wasmPaths }: Setup,
  onProgress: (event: LoadEvent) => void,
): Promise<Running> {
  const { name, device, unavailable } = await startEngine(backend, { proof: networkProof(), wasmPaths });
  for (const tried of unavailable) onProgress({ kind: "engine", ...tried });
  onProgress({ kind: "engine", name, reason: device });
  onProgress({ kind: "load" });
  try {
    const network = await loadNetwork(config, weights);
    return { engine: { name, reasons: unavailable.map((tried) => `${tried.name}: ${tried.reason}`) }, network };
  } catch (error) {
    throw explainClassCount(error, config);
  }
}

async function onOnnxRuntime(file: Uint8Array<ArrayBuffer> | Blob, { DATASET }: Config): Promise<Running> {
  const { onnxInference } = await import("@seg/onnx");
  const bytes = file instanceof Blob ? new Uint8Array(await file.arrayBuffer()) : file;
  const network = await onnxInference(bytes, { numClasses: DATASET.num_class });
  return { engine: { name: "onnxruntime", reasons: [] }, network };
}
