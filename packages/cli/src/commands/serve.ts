import type { InferenceEngineName } from "@seg/pipeline";
import { loadConfig, PipelineError } from "@seg/pipeline/config";
import type { ServeEvent } from "@seg/serve";
import { Command, Option } from "commander";
import { UsageError } from "../errors.ts";
import { addConfigFlags, type ConfigOptions, configSources } from "../flags/config-flags.ts";
import { countFlag } from "../flags/count-flag.ts";
import { parseGpus } from "../flags/gpus.ts";
import { showProgress } from "../terminal/show-progress.ts";
import { type Io, Terminal } from "../terminal/terminal.ts";
import { BACKENDS } from "./test.ts";

/** What commander makes of the flags of `seg serve`. */
interface ServeFlags extends ConfigOptions {
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
  grace?: string;
  json?: boolean;
  quiet?: boolean;
}

/** `seg serve`: an HTTP service. */
export function serveCommand(io: Io): Command {
  const command = new Command("serve")
    .description("serve the page and an HTTP API that segments photos, until it is interrupted")
    .argument("[KEY VALUE...]", "keys to set, such as DATASET.num_class 11")
    .option("--host <address>", "address to listen on; 127.0.0.1, this machine alone, unless given")
    .option("--port <n>", "port to listen on, 8080 unless given; 0 for any that is free")
    .option(
      "--workers <n>",
      "processes, each with an engine of its own; auto: as many as there are processors, or --gpus",
    )
    .option("--gpus <list>", "GPUs that the workers take in turn, such as 0 or 0-3,6")
    .addOption(new Option("--backend <engine>", "what computes").choices(BACKENDS).default("auto"))
    .option("--mirror <url>", "server to take weights from instead of MIT's")
    .option("--allow-host <names...>", "host names that requests may name, beside localhost and its addresses")
    .option("--cors <origins...>", "origins whose pages may ask, such as https://example.org, or *")
    .option("--allow-urls", "fetch photos whose addresses clients name, from public addresses only")
    .option("--allow-private-urls", "the same, from private networks and this machine too")
    .option("--max-megabytes <n>", "most megabytes of a photo's file; 32")
    .option("--max-pixels <n>", "most pixels of a photo; 25 million")
    .option("--timeout <seconds>", "how long a request may take, waiting included; 60")
    .option("--body-timeout <seconds>", "how long a request may take to arrive; 30")
    .option("--queue <n>", "most requests that wait; 64")
    .option("--grace <seconds>", "how long requests may take to be finished when it is interrupted; 30")
    .option("--json", "print JSON, a line for each thing that happens")
    .option("--quiet", "print nothing but the address, warnings and errors");
  return addConfigFlags(command, { demo: true })
    .addHelpText("after", EXAMPLES)
    .action((pairs: string[], options: ServeFlags) => serveUntilEnd(pairs, options, io));
}

async function serveUntilEnd(pairs: readonly string[], options: ServeFlags, io: Io): Promise<void> {
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
    grace: options.grace === "0" ? 0 : countFlag("--grace", options.grace),
  };
  const { backend, mirror, host = "127.0.0.1" } = options;
  const { context, stop } = showProgress(terminal, { signal });
  const { isLoopback, serve } = await import("@seg/serve");
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

const EXAMPLES = `
Examples:
  seg serve --demo
  seg serve --id mine --port 0 --workers 2
  seg serve --cfg mobilenetv2dilated-c1_deepsup --host 0.0.0.0 --allow-host seg.example.org --json
  curl --data-binary @photo.jpg -H 'Content-Type: image/jpeg' http://127.0.0.1:8080/v1/segment`;
