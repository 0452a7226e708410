import { candidateNames, HALVES, type Half } from "@seg/segmenter/config";
import { WebError } from "./errors.ts";

/** Files by name, wherever they lie. */
export interface Folder {
  /** What errors call it. */
  readonly name: string;
  /** All names, where they can be listed. */
  readonly names: readonly string[] | undefined;
  /** A file's bytes, or the file; undefined where there is none of that name. */
  read(name: string): Promise<Uint8Array<ArrayBuffer> | Blob | undefined>;
}

/** Weights that were found: each half's, or a whole model as an ONNX file. */
export type Weights = Record<Half, Uint8Array<ArrayBuffer> | Blob> | { onnx: Uint8Array<ArrayBuffer> | Blob };

/** Names of files of weights. */
export const isWeights = (name: string): boolean => /\.(pth|pt|bin|safetensors|onnx)$/i.test(name);

/**
 * Finds the weights of a model. Where one file of weights is all there is, it is of both halves, or ONNX.
 *
 * @param checkpoint - what the files' names end with, `epoch_20.pth`; undefined: the best of the training, else its newest.
 * @param likely - the names' ends that are tried then, where the files cannot be listed.
 * @throws {WebError} `model` where a half is missing.
 */
export async function findWeights(
  folder: Folder,
  checkpoint: string | undefined,
  likely: readonly string[],
): Promise<Weights> {
  const files = folder.names?.filter(isWeights);
  if (files?.length === 1) return whole(folder, files[0]!);
  const listed = files && (checkpoint === undefined ? pairsIn(files) : [checkpoint]);
  for (const name of listed ?? (checkpoint === undefined ? likely : [checkpoint])) {
    const found = await pairOf(folder, name);
    if (found) return found;
  }
  const [encoder, decoder] = HALVES.map((half) => files?.filter((file) => file.toLowerCase().includes(half)) ?? []);
  if (encoder?.length === 1 && decoder?.length === 1 && encoder[0] !== decoder[0]) {
    return { encoder: (await folder.read(encoder[0]!))!, decoder: (await folder.read(decoder[0]!))! };
  }
  const wanted = HALVES.map((half) => `${half}_${checkpoint ?? likely.at(-1)}`).join(" and ");
  throw new WebError(
    "model",
    {
      expected: `the weights of a model in ${folder.name}, such as ${wanted},`,
      but: folder.names ? `there is ${folder.names.slice(0, 8).join(", ") || "nothing"}` : "they are not there",
      hint: "give both halves, a file of both, an ONNX file, or name others by TEST.checkpoint",
    },
    { data: { files: folder.names ?? [] } },
  );
}

async function whole(folder: Folder, name: string): Promise<Weights> {
  const file = (await folder.read(name))!;
  return /\.onnx$/i.test(name) ? { onnx: file } : { encoder: file, decoder: file };
}

async function pairOf(folder: Folder, checkpoint: string): Promise<Weights | undefined> {
  const found: Partial<Record<Half, Uint8Array<ArrayBuffer> | Blob>> = {};
  for (const half of HALVES) {
    for (const name of candidateNames(half, checkpoint)) {
      if (folder.names && !folder.names.includes(name)) continue;
      const file = await folder.read(name);
      if (!file) continue;
      found[half] = file;
      break;
    }
    if (!found[half]) return undefined;
  }
  return found as Record<Half, Uint8Array<ArrayBuffer> | Blob>;
}

/** The checkpoints in a folder: the best, then the furthest. */
function pairsIn(files: readonly string[]): string[] {
  const names = files.flatMap((file) => /^encoder_(.+)$/.exec(file)?.[1] ?? []);
  const rank = (name: string) =>
    /^best\b/.test(name) ? Number.POSITIVE_INFINITY : Number(/(\d+)/.exec(name)?.[1] ?? -1);
  return names.sort((a, b) => rank(b) - rank(a));
}

/** Files that were dropped or picked; of a folder's files the part of the name behind the last slash counts. */
export function folderOfFiles(files: readonly File[]): Folder {
  const byName = new Map(files.map((file) => [file.name, file]));
  return {
    name: "these files",
    names: [...byName.keys()],
    read: async (name) => byName.get(name),
  };
}
