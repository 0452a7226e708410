import type { InferenceEngineName } from "@seg/pipeline";
import { loadConfig, PipelineError } from "@seg/pipeline/config";
import { isLoopback, type ServeEvent, serve } from "@seg/serve";
import { UsageError } from "../errors.ts";
import type { ConfigOptions } from "../flags/config-flags.ts";
import { configSources } from "../flags/config-sources.ts";
import { countFlag } from "../flags/count-flag.ts";
import { parseGpus } from "../flags/gpus.ts";
import { showProgress } from "../terminal/show-progress.ts";
import { type Io, Terminal } from "../terminal/terminal.ts";

/** What commander makes of the flags of `seg serve`. */
export interface ServeFlags extends ConfigOptions {
  host?: string;
  port?: string;
  workers?: string;
  gpus?: string;
  backend: InferenceEngineName | "auto";
  mirror?: string;
  allowHost?: string[];
  cors?: string[];
  allowUrls?: boolean;
  allowPrivateUrls?: boolean;
  maxMegabytes?: string;
  maxPixels?: string;
  timeout?: string;
  bodyTimeout?: string;
  queue?: string;
  uploads?: string;
  grace?: string;
  json?: boolean;
  quiet?: boolean;
}

/** Serves until it is interrupted. */
export async function serveUntilEnd(pairs: readonly string[], options: ServeFlags, io: Io): Promise<void> {
  const terminal = new Terminal(io, { quiet: options.quiet });
  const { signal, env } = io;
  // What is quickly found wrong is told before anything is downloaded or loaded.
  const config = loadConfig(configSources(options, pairs));
  const megabytes = countFlag("--max-megabytes", options.maxMegabytes);
  const settings = {
    host: options.host,
    port: portOf(options.port),
    workers: options.workers === "auto" ? undefined : countFlag("--workers", options.workers),
    gpus: options.gpus === undefined ? undefined : parseGpus(options.gpus),
    hosts: options.allowHost,
    cors: options.cors,
    urls: options.allowPrivateUrls ? ("any" as const) : options.allowUrls ? ("public" as const) : undefined,
    maxBytes: megabytes && megabytes * 1e6,
    maxPixels: countFlag("--max-pixels", options.maxPixels),
    timeLimit: countFlag("--timeout", options.timeout),
    bodyLimit: countFlag("--body-timeout", options.bodyTimeout),
    queue: countFlag("--queue", options.queue),
    uploads: countFlag("--uploads", options.uploads),
    grace: options.grace === "0" ? 0 : countFlag("--grace", options.grace),
  };
  const { backend, mirror, host = "127.0.0.1" } = options;
  const { context, stop } = showProgress(terminal, { signal });
  const onEvent = (event: ServeEvent) => {
    if (options.json) terminal.print(JSON.stringify({ time: new Date().toISOString(), ...event }));
    else if (event.type === "listening") terminal.print(`Listening on ${event.url}`);
    else if (event.type === "request") terminal.note(lineOf(event));
  };
  try {
    const service = await serve({ config, backend, mirror, env, ...settings, ...context, onEvent });
    stop();
    const { workers, engine } = service;
    terminal.note(`${workers} ${workers === 1 ? "worker" : "workers"} on ${engine}; Ctrl-C ends it.`);
    if (!isLoopback(host)) {
      terminal.warn(
        `Whoever reaches ${host} may use this service: it asks for no password. See DEPLOY.md of @seg/serve.`,
      );
    }
    await new Promise<void>((ended) => {
      if (signal?.aborted) ended();
      signal?.addEventListener("abort", () => ended(), { once: true });
    });
    terminal.note("Finishing what is at work.");
    if (!(await service.close())) {
      const hint = "a longer --grace gives them more time";
      throw new PipelineError("interrupted", { expected: "all requests to be finished", but: "time was up", hint });
    }
  } finally {
    stop();
  }
}

/** Reads `--port`. */
function portOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  const explanation = { expected: "a port from 0 to 65535 for --port", received: `"${text}"` };
  throw new UsageError(explanation, { flag: "--port", value: text });
}

const lineOf = ({ method, path, status, milliseconds, bytes }: ServeEvent & { type: "request" }) =>
  `${method} ${path}${bytes > 0 ? ` (${bytes} bytes)` : ""}: ${status}, ${milliseconds} ms`;
