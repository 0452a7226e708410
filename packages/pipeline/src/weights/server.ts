import { shownUrl } from "@seg/errors";
import { type ContextOptions, contextOf } from "../context.ts";
import { PipelineError } from "../errors.ts";
import { type DownloadOptions, LARGEST } from "./download.ts";

/** The original's server; its folders are called like the last part of a configuration's `DIR`. */
const MIT_SERVER = "https://sceneparsing.csail.mit.edu/model/pytorch";

/** Which server weights come from, and how they are taken from it. */
export interface ServerOptions {
  /** Address of a server that takes the place of MIT's, and of `SEG_MIRROR`. */
  mirror?: string | undefined;
  /** Environment variables; this process's unless given. */
  env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Milliseconds before a download's first retry; 500 unless given. */
  backoff?: number | undefined;
}

/** Whether weights come from MIT's server. */
export const isMit = ({ mirror, env = process.env }: ServerOptions): boolean => mirror === undefined && !env.SEG_MIRROR;

/**
 * The server to take weights from.
 *
 * @throws {PipelineError} `option` if that is no http or https address.
 */
export function serverOf(options: ServerOptions): URL {
  const { mirror, env = process.env } = options;
  const server = isMit(options) ? MIT_SERVER : (mirror ?? env.SEG_MIRROR ?? "");
  if (!/^https?:\/\/[^/]/.test(server) || !URL.canParse(server)) {
    const option = mirror === undefined ? "SEG_MIRROR" : "mirror";
    throw new PipelineError(
      "option",
      {
        expected: `an http or https address for ${option === "mirror" ? "--mirror" : option}`,
        received: `"${shownUrl(server)}"`,
      },
      { data: { option, received: shownUrl(server) } },
    );
  }
  return new URL(server);
}

/** The address of a file on a server. A query that the server's own has, such as a key, follows the path. */
export function addressOn(server: URL, ...path: string[]): string {
  const url = new URL(server);
  url.pathname = [url.pathname.replace(/\/+$/, ""), ...path.map(encodeURIComponent)].join("/");
  url.hash = "";
  return url.href;
}

/**
 * What {@link download} is told of a file, the same for all: limits, who hears of what, and whether http will do.
 *
 * @param name - what lines call the file.
 * @param insecureToo - whether MIT's server, which may have no https, may be asked by http; a warning tells of it.
 * @throws {PipelineError} `option` if `SEG_DOWNLOAD_LIMIT_MB` is no number.
 */
export function transferOptions(
  name: string,
  insecureToo: boolean,
  { backoff, env = process.env, ...context }: ServerOptions & ContextOptions,
): DownloadOptions {
  const { log, warn, signal } = contextOf(context);
  return {
    ...{ signal, backoff, maxBytes: largestOf(env) },
    onRetry: (reason) => log(`${name}: ${reason}; trying again`),
    onWait: (line) => log(`${name}: waiting for another process that is downloading it: ${line}`),
    onInsecure: insecureToo
      ? (reason) =>
          warn(`${name}: not to be had by https (${reason}): taking it by http, where anyone on the way may alter it.`)
      : undefined,
  };
}

function largestOf(env: NonNullable<ServerOptions["env"]>): number {
  const { SEG_DOWNLOAD_LIMIT_MB: limit } = env;
  if (!limit) return LARGEST;
  if (Number(limit) > 0) return Number(limit) * 1e6;
  const option = "SEG_DOWNLOAD_LIMIT_MB";
  const line = { expected: `a number of megabytes for ${option}`, received: `"${limit}"` };
  throw new PipelineError("option", line, { data: { option, received: limit } });
}
