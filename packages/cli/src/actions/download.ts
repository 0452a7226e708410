import type { ContextOptions, ServerOptions } from "@seg/pipeline";
import { UsageError } from "../errors.ts";
import { showProgress } from "../terminal/show-progress.ts";
import { type Io, Terminal } from "../terminal/terminal.ts";

/** What commander makes of the flags of `seg download`. */
export interface DownloadFlags {
  dir: string;
  from?: string;
  url?: string;
  mirror?: string;
  json?: boolean;
  quiet?: boolean;
}

/** Does what `seg download` is asked to; `backoff` is the pause before another try, in milliseconds. */
export async function download(
  what: string,
  config: string | undefined,
  flags: DownloadFlags,
  io: Io,
  backoff?: number,
): Promise<void> {
  const terminal = new Terminal(io, { quiet: flags.quiet });
  const { context, stop } = showProgress(terminal, { signal: io.signal });
  const get = what === "ade20k" ? getAde20k : getWeights;
  try {
    const { result, lines } = await get(config, flags, { ...context, env: io.env, backoff });
    stop();
    for (const line of flags.json ? [JSON.stringify(result)] : lines) terminal.print(line);
  } finally {
    stop();
  }
}

type Context = ContextOptions & ServerOptions;

interface Outcome {
  result: unknown;
  lines: string[];
}

async function getAde20k(config: string | undefined, flags: DownloadFlags, context: Context): Promise<Outcome> {
  if (config !== undefined) {
    throw new UsageError(
      {
        expected: 'nothing after "ade20k"',
        received: `"${config}"`,
        hint: "name the folder by --dir",
      },
      { argument: "config", value: config },
    );
  }
  const { fetchAde20k } = await import("@seg/pipeline/dataset");
  const { dir: folder, from, url } = flags;
  const result = await fetchAde20k({ folder, from, url, ...context });
  return { result, lines: Object.values(result).map(({ list, photos }) => `${list}: ${photos} photos`) };
}

async function getWeights(config: string | undefined, { mirror }: DownloadFlags, context: Context): Promise<Outcome> {
  if (config === undefined) {
    throw new UsageError(
      {
        expected: 'a configuration after "weights"',
        received: "none",
        hint: "`seg config --list` lists the presets",
      },
      { argument: "config" },
    );
  }
  const { loadConfig } = await import("@seg/pipeline/config");
  const { locateWeights } = await import("@seg/pipeline/weights");
  const result = await locateWeights(loadConfig({ cfg: config }), { ...context, mirror });
  return { result, lines: Object.values(result) };
}
