import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isSegError } from "@seg/errors";
import { ensureWritable } from "@seg/node";
import { loadConfig } from "../config/load.ts";
import { CONTEXT_OPTIONS, type Context, type ContextOptions, contextOf } from "../context.ts";
import { refuseUnknown } from "../errors.ts";
import { type EvaluationOptions, evaluate, evaluationSizes } from "../evaluate/evaluate.ts";
import type { InferenceEngineName } from "../model/inference-engine.ts";
import { version } from "../version.ts";
import type { WeightFiles } from "../weights/find.ts";
import { locateWeights } from "../weights/locate.ts";
import type { ServerOptions } from "../weights/server.ts";
import { sha256 } from "../weights/verify.ts";
import { PUBLISHED, PUBLISHED_PHOTOS, tableRows } from "./published.ts";
import { differenceOf, type MeasuredRow, type ReproducedRow, type Reproduction } from "./result.ts";
import { type RowKey, RowStore } from "./row-store.ts";
import { checksumOf, findValidationSet, type ValidationSet } from "./validation-set.ts";

/** How {@link reproduce} works. */
export interface ReproduceOptions
  extends ContextOptions,
    ServerOptions,
    Pick<EvaluationOptions, "multiScale" | "limit" | "workers" | "gpus"> {
  /** Presets, such as `resnet50dilated-ppm_deepsup`; all of the published table unless given. */
  rows?: readonly string[] | undefined;
  /** The folder of ADE20K, which is fetched into it where it is not there, or a list (odgt); `./data` unless given. */
  data?: string | undefined;
  /** A zip file of ADE20K that is here already. */
  from?: string | undefined;
  /** The zip's address; MIT's unless given. */
  url?: string | undefined;
  /** The folder that keeps what is measured; `./reproduce` unless given. */
  result?: string | undefined;
  /** Measure rows again that an earlier run has measured. */
  again?: boolean | undefined;
  /** Default `auto`: the fastest engine that starts. */
  backend?: InferenceEngineName | "auto" | undefined;
  /** Told of each row when it is done or has failed. */
  onRow?: ((row: ReproducedRow) => void) | undefined;
}

const OPTIONS = [
  ...CONTEXT_OPTIONS,
  ...["mirror", "env", "backoff", "multiScale", "limit", "workers", "gpus"],
  ...["rows", "data", "from", "url", "result", "again", "backend", "onRow"],
];

/**
 * Measures the original's results table: fetches ADE20K's validation photos and each preset's weights, or uses what is there, scores
 * them, and sets the published figures beside what comes out.
 *
 * A row that is done is kept in the folder `result`, with the checksums of its weights, photos and labels; another call with the same ones
 * takes it from there. A row that fails does not stop the others: its `error` says why.
 *
 * @throws {PipelineError} `option`; `missing` if the photos cannot be had.
 * @throws {DataError} what is wrong with them.
 * @throws the signal's reason; the rows that are done stay.
 *
 * @example
 * ```ts
 * import { copyFile, mkdir } from "node:fs/promises";
 * import { ADE20K_CLASSES, writeImage, writeLabelPng } from "@seg/ade20k-data";
 * import { DEMO_MODEL, loadConfig, reproduce } from "@seg/pipeline";
 *
 * // The demo's weights where the original's would be downloaded to, and one photo instead of ADE20K's 2,000.
 * const { config } = loadConfig({ cfg: "mobilenetv2dilated-c1_deepsup" });
 * await mkdir(config.DIR, { recursive: true });
 * for (const half of ["encoder", "decoder"])
 *   await copyFile(`${DEMO_MODEL.set.DIR}/${half}_epoch_1.safetensors`, `${config.DIR}/${half}_epoch_20.safetensors`);
 * const map = { labels: new Uint8Array(32 * 32).fill(2), width: 32, height: 32 };
 * await writeImage("ade/images/validation/1.png", { data: new Uint8Array(32 * 32 * 3), width: 32, height: 32 });
 * await writeLabelPng("ade/annotations/validation/1.png", map, ADE20K_CLASSES);
 * const { comparable, rows } = await reproduce({ rows: ["mobilenetv2dilated-c1_deepsup"], data: "ade", backend: "wasm" });
 * console.log(rows[0]?.published?.pixelAccuracy, rows[0]?.measured?.engine, comparable); // 75.75 wasm false
 * ```
 */
export async function reproduce(options: ReproduceOptions = {}): Promise<Reproduction> {
  refuseUnknown(options, OPTIONS, "an option of reproduce");
  const { multiScale = false, result = "reproduce", data = "data", limit, from, url, backoff, onRow } = options;
  const names = tableRows(options.rows);
  const context = contextOf(options);
  const removeEmpty = await ensureWritable(result);
  try {
    const set = await findValidationSet({ data, from, url, env: options.env, backoff, ...context });
    const records = set.records.slice(0, limit);
    const photos = await checksumOf(records, context);
    const store = new RowStore(result, context.log);
    const rows: ReproducedRow[] = [];
    for (const name of names) {
      const { singleScale, multiScale: many, note } = PUBLISHED[name] ?? {};
      const published = multiScale ? many : singleScale;
      const known = { row: name, ...(published && { published }), ...(!multiScale && note && { note }) };
      let row: ReproducedRow;
      try {
        const { measured, ...rest } = await measure(name, { options, context, set, photos, store, result });
        row = { ...known, measured, ...(published && { difference: differenceOf(measured, published) }), ...rest };
      } catch (error) {
        context.signal?.throwIfAborted();
        if (failsAll(error)) throw error;
        const message = error instanceof Error ? error.message : String(error);
        row = { ...known, earlier: false, error: { message, code: isSegError(error) ? error.code : undefined } };
      }
      rows.push(row);
      onRow?.(row);
    }
    return { multiScale, photos: records.length, comparable: records.length === PUBLISHED_PHOTOS, rows };
  } finally {
    await removeEmpty();
  }
}

/** What is wrong with the photos, or with the engine, is wrong with it for every row. */
const failsAll = (error: unknown) =>
  isSegError(error) &&
  (error.name === "DataError" || ["engine-unavailable", "unknown-engine", "option"].includes(error.code));

interface Measuring {
  options: ReproduceOptions;
  context: Context;
  set: ValidationSet;
  /** The photos' checksum. */
  photos: string;
  store: RowStore;
  result: string;
}

type Measurement = { measured: MeasuredRow } & Required<Pick<ReproducedRow, "weights" | "earlier">>;

/** Scores one preset, unless that is done already. */
async function measure(row: string, { options, context, set, photos, store, result }: Measuring): Promise<Measurement> {
  const { multiScale = false, limit, workers, gpus, backend = "auto", mirror, env, backoff, again = false } = options;
  const { source } = set;
  const lists = "list" in source ? { "DATASET.list_val": source.list, "DATASET.root_dataset": source.root } : {};
  const flags = Object.entries(lists).map(([key, value]) => ({ key, value, origin: "for the results table" }));
  const resolved = loadConfig({ cfg: row, flags });
  const files = await locateWeights(resolved, { section: "VAL", mirror, env, backoff, ...context });
  await warnOfOwnTraining(files, context);
  const [encoder, decoder] = await Promise.all([
    sha256(files.encoder, context.signal),
    sha256(files.decoder, context.signal),
  ]);
  const weights = {
    encoder: { file: files.encoder, sha256: encoder },
    decoder: { file: files.decoder, sha256: decoder },
  };
  const key: RowKey = { row, sizes: evaluationSizes(resolved, multiScale), encoder, decoder, photos, backend, version };
  const before = again ? undefined : await store.find(key);
  if (before) {
    context.log(`${row} is measured already.`);
    return { measured: before, weights, earlier: true };
  }
  context.log(`${row}, ${multiScale ? "multi-scale" : "single-scale"}:`);
  const evaluation = await evaluate({
    ...{ config: resolved, weights: files, multiScale, limit, workers, gpus, backend, mirror, env, ...context },
    result: join(result, `${row}-${multiScale ? "multi" : "single"}-scale`),
    ...("images" in source && source),
  });
  const percent = (score: number) => Math.round(score * 1e6) / 1e4;
  const measured: MeasuredRow = {
    meanIou: percent(evaluation.meanIou),
    pixelAccuracy: percent(evaluation.pixelAccuracy),
    photosPerSecond: Math.round(1000 / evaluation.secondsPerImage) / 1000,
    engine: evaluation.engine,
    workers: evaluation.workers,
    finished: new Date().toISOString(),
  };
  await store.keep(key, measured);
  return { measured, weights, earlier: false };
}

/** A training of one's own leaves its weights where the original's would lie, and its trainer beside them. */
async function warnOfOwnTraining({ encoder }: WeightFiles, { warn }: Context): Promise<void> {
  const folder = dirname(encoder);
  const trained = (await readdir(folder)).some((file) => /^trainer_.*\.safetensors$/.test(file));
  if (trained)
    warn(`${folder} holds a training of your own: its weights are scored, not the original's. Move it to score those.`);
}
