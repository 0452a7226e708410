import { type FileHandle, open } from "node:fs/promises";
import type { SegClass } from "@seg/ade20k-data";
import type { Config } from "@seg/segmenter/config";
import type { WeightFiles } from "../weights/find.ts";
import type { ExportOptions } from "./options.ts";
import type { ExportedFile, ExportResult } from "./result.ts";

/** What is exported, and where to. */
export interface ExportJob {
  readonly path: string;
  readonly config: Config;
  readonly classes: readonly SegClass[];
  readonly weights: WeightFiles;
  readonly options: ExportOptions;
  /** Whether a list of labelled photos was named for this. */
  readonly hasList: boolean;
  readonly signal: AbortSignal | undefined;
}

/** Writes one format. */
export type WriteExport = (job: ExportJob) => Promise<Pick<ExportResult, "files" | "inputs" | "outputs" | "int8">>;

/** Writes bytes piece by piece. @returns how many. */
export async function writeChunks(
  file: FileHandle,
  chunks: Iterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<number> {
  let bytes = 0;
  for (const chunk of chunks) {
    signal?.throwIfAborted();
    await file.writeFile(chunk);
    bytes += chunk.length;
  }
  return bytes;
}

/** {@link writeChunks} into a new file. */
export async function writeNewFile(
  path: string,
  chunks: Iterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<ExportedFile> {
  const file = await open(path, "wx");
  try {
    const bytes = await writeChunks(file, chunks, signal);
    await file.sync();
    return { path, bytes };
  } finally {
    await file.close();
  }
}
