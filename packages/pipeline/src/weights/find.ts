import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { candidateNames, HALVES } from "@seg/segmenter/config";

/** Where a model's weights lie. */
export interface WeightFiles {
  encoder: string;
  decoder: string;
}

/** Weights of a model that is built here, or a whole model as an ONNX file. */
export type ModelFiles = WeightFiles | { onnx: string };

/** Whether it is a whole model. */
export const isOnnx = (files: ModelFiles): files is { onnx: string } => "onnx" in files;

/** The halves of `checkpoint` that lie in `folder`. */
export async function findInFolder(folder: string, checkpoint: string): Promise<Partial<WeightFiles>> {
  const files = await readdir(folder).catch((): string[] => []);
  const found: Partial<WeightFiles> = {};
  for (const half of HALVES) {
    const name = candidateNames(half, checkpoint).find((candidate) => files.includes(candidate));
    if (name) found[half] = join(folder, name);
  }
  return found;
}

/** A checkpoint's networks in a folder, of which one may be missing. */
export interface FoundNetworks {
  /** What the two files' names have in common: `epoch_3`, `best`. */
  name: string;
  files: Partial<WeightFiles>;
}

/** All networks of which a half lies in `folder`, whoever wrote them. */
export async function networksIn(folder: string): Promise<FoundNetworks[]> {
  const files = await readdir(folder).catch((): string[] => []);
  const names = files.flatMap(
    (file) => /^(?:encoder|decoder)_(.+?)(?:(?:\.zip)?\.pth|\.safetensors)$/.exec(file)?.[1] ?? [],
  );
  return Promise.all(
    [...new Set(names)].sort().map(async (name) => ({ name, files: await findInFolder(folder, `${name}.pth`) })),
  );
}

/** The checkpoints of which an encoder lies in `folder`, such as `epoch_14.pth`. */
export async function checkpointsIn(folder: string): Promise<string[]> {
  const files = await readdir(folder).catch((): string[] => []);
  return files
    .filter((file) => /^encoder_.+\.(pth|safetensors)$/.test(file))
    .map((file) => file.slice("encoder_".length))
    .sort();
}
