import { shown } from "@seg/errors";
import type { ContextOptions, ModelOptions } from "@seg/pipeline";
import { badOption, refuseUnknown } from "./errors.ts";

/** What the service tells of itself. */
export type ServeEvent =
  /** It can be reached. */
  | { type: "listening"; url: string }
  /** A worker can begin. */
  | { type: "ready"; worker: number; engine: string }
  /** A worker died, and is replaced. */
  | { type: "death"; reason: string; atWork: boolean }
  /** A request was answered, or its client went away (`status` 499). */
  | { type: "request"; id: string; method: string; path: string; status: number; milliseconds: number; bytes: number };

/** Which model, where, and how much of everything. */
export interface ServeOptions
  extends ContextOptions,
    Pick<ModelOptions, "config" | "set" | "weights" | "mirror" | "env" | "backend"> {
  /** Numbers of the GPUs that the workers take in turn. */
  gpus?: readonly number[] | undefined;
  /** Worker processes; default as many as there are processors, or GPUs in `gpus`; of processors at most 8, each with several threads then. */
  workers?: number | undefined;
  /** The address to listen on; default `127.0.0.1`, which only this machine reaches. */
  host?: string | undefined;
  /** The port; default 8080; 0 takes any that is free. */
  port?: number | undefined;
  /** Host names that requests may name beside those of the loopback; where the address is not the loopback's, all may be named unless some are given. */
  hosts?: readonly string[] | undefined;
  /** Origins whose pages may ask, such as `https://example.org`, or `*`; default none but its own. */
  cors?: readonly string[] | undefined;
  /** Whether JSON requests may name a photo's address, which the service then fetches: `public` only from public addresses, `any` from private ones too. Default: not. */
  urls?: "public" | "any" | undefined;
  /** The most bytes of a photo; default 32 MiB. */
  maxBytes?: number | undefined;
  /** The most pixels of a photo; default 25 million, and never more than `DATASET.max_pixels`. */
  maxPixels?: number | undefined;
  /** The most sizes of a request, and the longest of them; default 5 and 1000. */
  maxSizes?: number | undefined;
  maxSize?: number | undefined;
  /** Seconds that a request may take once it has arrived, waiting included; default 60. */
  timeLimit?: number | undefined;
  /** Seconds within which a request must have arrived; default 30. Where all of `uploads` are taken, one that hardly moves has less. */
  bodyLimit?: number | undefined;
  /** The most requests that wait beside those at the workers; default 64. */
  queue?: number | undefined;
  /** The most photos that are on their way at a time, as bodies or from addresses; default 64. */
  uploads?: number | undefined;
  /** The most connections; default 1000. */
  connections?: number | undefined;
  /** Seconds that requests get to be finished when the service ends; default 30. */
  grace?: number | undefined;
  /** A folder of static files for `/`; default that of `@seg/web/page`, where it is installed and built. */
  page?: string | undefined;
  /** Told what happens. */
  onEvent?: ((event: ServeEvent) => void) | undefined;
}

/** Numbers that are not given, and what each may be. */
const NUMBERS = {
  port: [8080, 0, 65_535],
  maxBytes: [32 * 2 ** 20, 1, 2 ** 30],
  maxPixels: [25_000_000, 4, 1_000_000_000],
  maxSizes: [5, 1, 100],
  maxSize: [1000, 1, 10_000],
  timeLimit: [60, 1, 86_400],
  bodyLimit: [30, 1, 3600],
  queue: [64, 1, 100_000],
  uploads: [64, 1, 100_000],
  connections: [1000, 1, 1_000_000],
  grace: [30, 0, 86_400],
} as const satisfies { [Name in keyof ServeOptions]?: readonly [fallback: number, least: number, most: number] };

/** The numbers of {@link ServeOptions}, all of them there. */
export type Limits = Record<keyof typeof NUMBERS, number>;

const OPTIONS = [
  ...[
    "config",
    "set",
    "weights",
    "mirror",
    "env",
    "backend",
    "gpus",
    "workers",
    "host",
    "hosts",
    "cors",
    "urls",
    "page",
  ],
  ...["log", "warn", "onProgress", "signal", "onEvent"],
  ...Object.keys(NUMBERS),
] satisfies string[];

/**
 * Checks the options, and fills in numbers that were left out.
 *
 * @throws {ServeError} `option`.
 */
export function limitsOf(options: ServeOptions): Limits {
  refuseUnknown(options, OPTIONS);
  const { workers, host, urls, hosts = [], cors = [] } = options;
  const whole = (option: string, value: number, least: number, most: number) => {
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw badOption(option, value, `a whole number from ${least} to ${most}`, shown(value));
  };
  if (workers !== undefined) whole("workers", workers, 1, 1024);
  if (host !== undefined && (typeof host !== "string" || host === "")) {
    throw badOption("host", host, "an address to listen on", shown(host));
  }
  if (urls !== undefined && urls !== "public" && urls !== "any") {
    throw badOption("urls", urls, '"public" or "any"', shown(urls));
  }
  for (const name of hosts) {
    if (!/^[\w.:[\]-]+$/.test(name)) throw badOption("hosts", name, "names of hosts", shown(name));
  }
  for (const origin of cors) {
    if (origin === "*" || (URL.canParse(origin) && new URL(origin).origin === origin)) continue;
    throw badOption("cors", origin, "origins such as https://example.org, or *,", shown(origin));
  }
  return Object.fromEntries(
    Object.entries(NUMBERS).map(([name, [fallback, least, most]]) => [
      name,
      whole(name, options[name as keyof Limits] ?? fallback, least, most),
    ]),
  ) as Limits;
}
