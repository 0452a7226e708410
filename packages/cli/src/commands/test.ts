import type { EngineName } from "@seg/backend";
import { Command, Option } from "commander";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { isConfigKey } from "../config/setting.ts";
import { addConfigFlags, type ConfigOptions, configSources } from "../config-flags.ts";
import { CliError } from "../errors.ts";
import { EXIT } from "../exit-code.ts";
import { parseGpus } from "../gpus.ts";
import type { PhotoResult, PhotoSegmenter } from "../segment-photos.ts";
import { type Io, Terminal } from "../terminal.ts";
import type { WeightFiles } from "../weights/find.ts";

/** Starts an engine and loads a configuration's networks, as `openSegmenter` does. */
export type OpenSegmenter = (
  config: Config,
  options: { files: WeightFiles; backend: EngineName | "auto"; log: (line: string) => void },
) => Promise<PhotoSegmenter & { dispose(): void }>;

// Loaded only when it is needed, because TensorFlow.js takes a while.
const openLater: OpenSegmenter = async (config, options) => {
  const { openSegmenter } = await import("../segmenter.ts");
  return openSegmenter(config, options);
};

/** What commander makes of the flags of `seg test`. */
export interface TestOptions extends ConfigOptions {
  imgs?: string[];
  legend?: boolean;
  numVal?: string;
  gpus?: string;
  backend: EngineName | "auto";
  mirror?: string;
  json?: boolean;
  quiet?: boolean;
}

export const BACKENDS = ["auto", "tensorflow-gpu", "tensorflow", "webgpu", "wasm", "cpu"];

/** `seg test`: segments photos. */
export function testCommand(io: Io, exit: (code: number) => void, open?: OpenSegmenter): Command {
  const command = new Command("test")
    .description("segment photos: write overlays and label maps, print what they show")
    .argument("[photos and KEY VALUE...]", "photos as with --imgs, and keys to set, such as DATASET.num_class 11")
    .option("--imgs <paths...>", "photos, folders of photos, or URLs")
    .option("--legend", "also draw a legend of the classes of each photo")
    .option("--num-val <n>", "only the first n photos; -1 for all")
    .addOption(new Option("--backend <engine>", "what computes").choices(BACKENDS).default("auto"))
    .option("--gpus <list>", "GPUs to use, such as 0 or 0-3,6; the first one does the work")
    .option("--mirror <url>", "server to take weights from instead of MIT's")
    .option("--json", "print one JSON object")
    .option("--quiet", "print nothing but results, warnings and errors");
  return addConfigFlags(command)
    .addHelpText("after", EXAMPLES)
    .action(async (words: string[], options: TestOptions) => exit(await test(words, options, io, open)));
}

/**
 * Does what `seg test` is asked to.
 *
 * @param words - photos, then `KEY VALUE` pairs.
 * @returns the exit code.
 */
export async function test(
  words: readonly string[],
  options: TestOptions,
  io: Io,
  open: OpenSegmenter = openLater,
): Promise<number> {
  const terminal = new Terminal(io, { quiet: options.quiet });
  const { signal, env } = io;
  const start = words.findIndex(isConfigKey);
  const photos = words.slice(0, start < 0 ? words.length : start);
  // What is quickly found wrong is told before anything is downloaded or loaded.
  const resolved = loadConfig(configSources(options, words.slice(photos.length)));
  const { config } = resolved;
  const gpus = options.gpus === undefined ? undefined : parseGpus(options.gpus);
  const limit = photoLimit(options.numVal);
  const [{ gatherImages }, { ensureWritable }] = await Promise.all([
    import("../images.ts"),
    import("@seg/ade20k-data"),
  ]);
  const { images, failures: missing } = await gatherImages([...(options.imgs ?? []), ...photos]);
  for (const { message } of missing) terminal.warn(message);
  const folder = config.TEST.result;
  await ensureWritable(folder);
  const { locateWeights } = await import("../weights/locate.ts");
  const files = await locateWeights(resolved, { env, terminal, signal, mirror: options.mirror });

  signal?.throwIfAborted();
  // TensorFlow reads it when it is loaded.
  if (gpus) process.env.CUDA_VISIBLE_DEVICES = String(gpus[0]);
  const log = (line: string) => terminal.note(line);
  const segmenter = await open(config, { files, backend: options.backend, log });
  try {
    const { segmentPhotos } = await import("../segment-photos.ts");
    const { results, failures } = await segmentPhotos(segmenter, images.slice(0, limit), {
      folder,
      legend: options.legend,
      terminal,
      signal,
      onResult: (result) => {
        if (!options.json) printResult(result, terminal);
        terminal.note(`${result.overlay} and ${result.labels} are written.`);
      },
    });
    // The only photo's error is the command's own.
    if (images.length === 1 && missing.length === 0 && failures[0]) throw failures[0].error;
    const failed = [...missing, ...failures.map(({ error }) => error)].map((error) => String((error as Error).message));
    if (options.json) terminal.print(JSON.stringify({ results, failed }));
    return failed.length > 0 ? EXIT.FAILED : EXIT.DONE;
  } finally {
    segmenter.dispose();
  }
}

/** Reads `--num-val`; undefined means all photos. */
export function photoLimit(text = "-1"): number | undefined {
  const limit = Number(text);
  if (limit === -1) return undefined;
  if (Number.isInteger(limit) && limit > 0) return limit;
  throw new CliError("usage", `Expected a number of photos, or -1 for all, for --num-val but received "${text}".`);
}

/** The original's own lines: classes of more than a thousandth of the photo. */
function printResult({ image, classes }: PhotoResult, terminal: Terminal): void {
  terminal.print(`Predictions in [${image}]:`);
  for (const { name, share, color } of classes) {
    const swatch = terminal.color ? `\u001b[48;2;${color.join(";")}m  \u001b[0m ` : "";
    if (share > 0.001) terminal.print(`  ${swatch}${name}: ${(share * 100).toFixed(2)}%`);
  }
}

const EXAMPLES = `
Examples:
  seg test --imgs photo.jpg
  seg test --imgs holiday/ --cfg mobilenetv2dilated-c1_deepsup --img_sizes 450 --result out --legend
  seg test --imgs photo.jpg --cfg my.yaml DATASET.num_class 11 DIR ckpt/mine TEST.checkpoint epoch_14.pth
  seg test --model_path ckpt/ade20k-resnet50dilated-ppm_deepsup --test_imgs a.jpg b.jpg --arch_encoder resnet50dilated --arch_decoder ppm_deepsup`;
