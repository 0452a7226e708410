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

/** {@link ContextOptions} with nothing left open. */
export interface Context {
  log: (line: string) => void;
  warn: (line: string) => void;
  onProgress: (event: PipelineEvent) => void;
  signal: AbortSignal | undefined;
}

/** Fills in what the options leave out. */
export function contextOf({ log = () => {}, warn = log, onProgress = () => {}, signal }: ContextOptions): Context {
  return { log, warn, onProgress, signal };
}
