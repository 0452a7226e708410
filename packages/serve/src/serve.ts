import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { loadConfig, type Resolved } from "@seg/pipeline/config";
import { locateModel } from "@seg/pipeline/weights";
import type { FastifyInstance } from "fastify";
import { createApp } from "./app.ts";
import { Arrivals } from "./arrivals.ts";
import { badOption, ServeError } from "./errors.ts";
import type { WorkerInfo } from "./messages.ts";
import { metricsOf } from "./metrics.ts";
import { limitsOf, type ServeOptions } from "./options.ts";
import { Pool } from "./pool.ts";
import type { Service } from "./segment-route.ts";
import { startWorker, workersFor } from "./start-worker.ts";

/** A running service. */
export interface RunningService {
  /** Where it can be reached. */
  readonly url: string;
  /** Which engine computes. */
  readonly engine: string;
  /** How many workers there are. */
  readonly workers: number;
  /**
   * Ends it: takes no more requests, finishes those there are within the time of `grace`, and ends the workers.
   *
   * @returns whether all were finished.
   */
  close(): Promise<boolean>;
}

/**
 * Starts the service: listens, finds or downloads the weights, starts the workers.
 *
 * @returns it, once the first worker is ready. Probes are answered before that.
 * @throws {ServeError} `option`; `port-in-use` or `not-listening`; `workers` if none starts.
 * @throws what a worker found: {PipelineError}, {CheckpointError}, {BackendError}.
 *
 * @example
 * ```ts
 * import { blankImage, encodePng } from "@seg/ade20k-data";
 * import { DEMO_MODEL } from "@seg/pipeline/config";
 * import { serve } from "@seg/serve";
 *
 * const { config, set } = DEMO_MODEL;
 * // Port 0 takes any that is free.
 * const service = await serve({ config, set, backend: "wasm", workers: 1, port: 0 });
 * const body = Uint8Array.from(await encodePng(blankImage(40, 32)));
 * const answer = await fetch(`${service.url}/v1/segment`, { method: "POST", body, headers: { "Content-Type": "image/png" } });
 * const { width, height } = (await answer.json()) as { width: number; height: number };
 * console.log(answer.status, width, height); // 200 40 32
 * // Whether everything that was asked for was answered.
 * console.log(await service.close()); // true
 * ```
 */
export async function serve(options: ServeOptions = {}): Promise<RunningService> {
  const limits = limitsOf(options);
  const { host = "127.0.0.1", gpus, signal, onEvent = () => {}, log = () => {}, warn = log } = options;
  const config = configOf(options);
  const { DATASET, MODEL } = config.config;
  const { workers, threads } = workersFor(options.workers, gpus);
  let pool: Pool | undefined;
  let info: WorkerInfo | undefined;
  let ending = false;
  const arrivals = new Arrivals(limits.uploads, limits.bodyLimit);
  const metrics = metricsOf(() => pool, arrivals);
  const service: Service = {
    limits,
    urls: options.urls,
    maxPixels: Math.min(limits.maxPixels, DATASET.max_pixels),
    metrics,
    arrivals,
    pool: () => pool,
    info: () => info,
  };
  const architecture = `${MODEL.arch_encoder}-${MODEL.arch_decoder}`;
  const app = await createApp(service, {
    ...{ host, limits, warn, onEvent, version: VERSION, hosts: options.hosts, cors: options.cors, page: options.page },
    model: () => ({ id: architecture, architecture, sizes: DATASET.imgSizes }),
    ending: () => ending,
  });
  const close = async () => {
    ending = true;
    const until = performance.now() + limits.grace * 1000;
    // Stops listening at once, and resolves when the last answer is sent.
    const closed = app.close();
    const finished = (await pool?.close(limits.grace * 1000)) ?? true;
    const left = setTimeout(() => app.server.closeAllConnections(), Math.max(1000, until - performance.now()));
    await closed;
    clearTimeout(left);
    return finished;
  };
  try {
    const url = await listen(app, host, limits.port);
    const weights = options.weights ?? (await locateModel(config, { ...pipelineOptions(options) }));
    signal?.throwIfAborted();
    const setup = { config, weights, backend: options.backend ?? "auto", threads: gpus ? undefined : threads } as const;
    pool = new Pool({
      workers,
      queue: limits.queue,
      start: (slot) => startWorker({ ...setup, gpu: gpus?.[slot % gpus.length] }),
      onReady(now, worker) {
        if (!info) for (const note of now.notes) log(note);
        info ??= now;
        onEvent({ type: "ready", worker, engine: now.engine.name });
      },
      onDeath(reason, atWork) {
        onEvent({ type: "death", reason, atWork });
        warn(`A worker died ${atWork ? "at a photo" : "without a photo"}: it ${reason}. Another one takes its place.`);
      },
    });
    const first = await firstWorker(pool, signal);
    onEvent({ type: "listening", url });
    return { url, engine: first.engine.name, workers, close };
  } catch (error) {
    limits.grace = 0;
    await close();
    throw error;
  }
}

const VERSION = (JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string })
  .version;

function pipelineOptions({ mirror, env, log, warn, onProgress, signal }: ServeOptions) {
  return { mirror, env, log, warn, onProgress, signal };
}

function configOf({ config, set = {} }: ServeOptions): Resolved {
  if (typeof config !== "object") return loadConfig({ ...(config !== undefined && { cfg: config }), set });
  if (Object.keys(set).length === 0) return config;
  throw badOption("set", set, "a configuration by name to set keys of", "one that is resolved already");
}

/** The first worker that is ready. */
async function firstWorker(pool: Pool, signal: AbortSignal | undefined): Promise<WorkerInfo> {
  let abort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal!.reason);
    signal?.addEventListener("abort", abort);
  });
  try {
    return await Promise.race([pool.firstReady, aborted]);
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

/** @throws {ServeError} `port-in-use`, `not-listening`. */
async function listen(app: FastifyInstance, host: string, port: number): Promise<string> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code ?? message;
    const data = { data: { host, port, reason }, cause: error };
    if (code === "EADDRINUSE") {
      const but = "another program listens there";
      const hint = "end that one, or take another port, such as --port 0 for any that is free";
      throw new ServeError("port-in-use", { expected: `port ${port} of ${host} to be free`, but, hint }, data);
    }
    const hint =
      code === "EACCES" ? "take a port from 1024 on" : "name an address of this machine, such as 127.0.0.1 or 0.0.0.0";
    throw new ServeError(
      "not-listening",
      { expected: `to listen on port ${port} of ${host}`, but: message, hint },
      data,
    );
  }
  const { address, family, port: taken } = app.server.address() as AddressInfo;
  return `http://${family === "IPv6" ? `[${address}]` : address}:${taken}`;
}
