import { PipelineError } from "./errors.ts";
import type { PipelineEvent } from "./events.ts";

/** Who is told what while the pipeline works, and how it is stopped. */
export interface ContextOptions {
  /** Receives notes, such as which engine runs. Default: nothing is printed. */
  log?: ((line: string) => void) | undefined;
  /** Receives what went wrong without ending the work. Default: as `log`. */
  warn?: ((line: string) => void) | undefined;
  /** Told how far the work is. */
  onProgress?: ((event: PipelineEvent) => void) | undefined;
  /** Stops the work; what a training has learned is saved first. */
  signal?: AbortSignal | undefined;
}

/** All of their names. */
export const CONTEXT_OPTIONS = ["log", "warn", "onProgress", "signal"] as const satisfies (keyof ContextOptions)[];

/** {@link ContextOptions} with nothing left open. */
export interface Context {
  log: (line: string) => void;
  warn: (line: string) => void;
  onProgress: (event: PipelineEvent) => void;
  signal: AbortSignal | undefined;
}

/**
 * Fills in what the options leave out.
 *
 * @throws {PipelineError} `option` for one of the wrong type.
 */
export function contextOf({ log = () => {}, warn = log, onProgress = () => {}, signal }: ContextOptions): Context {
  for (const [option, value] of Object.entries({ log, warn, onProgress })) {
    if (typeof value === "function") continue;
    const line = { expected: `a function for ${option}`, received: typeof value };
    throw new PipelineError("option", line, { data: { option, received: typeof value } });
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    const line = { expected: "an AbortSignal for signal", received: typeof signal };
    throw new PipelineError("option", line, { data: { option: "signal", received: typeof signal } });
  }
  return { log, warn, onProgress, signal };
}
