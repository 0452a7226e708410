import { stat } from "node:fs/promises";
import { join } from "node:path";
import { readCheckpoint, writePth, writeSafetensors } from "@seg/checkpoint";
import { writeFolderAtomic } from "@seg/node";
import { HALVES } from "@seg/segmenter/config";
import { CLASSES_FILE, CONFIG_FILE } from "@seg/segmenter/config";
import { withUnreadWeights } from "../model/load.ts";
import { describeFolder } from "../train/describe-folder.ts";
import { checkpointNames } from "./checkpoint-names.ts";
import type { ExportedFile } from "./result.ts";
import type { WriteExport } from "./write-export.ts";

/** Writes the tensors of a network's two checkpoints, as they are, in another format, into a folder that knows itself as a training's does. */
export const writeCheckpoint: WriteExport = async ({ path, config, weights, options, signal }) => {
  const { half, format } = options;
  const write = format === "pth" ? writePth : writeSafetensors;
  const names = checkpointNames(weights, format === "pth" ? "pth" : "safetensors");
  // Refuses weights of another network.
  await withUnreadWeights(config, weights, async () => {});
  const files: ExportedFile[] = [];
  await writeFolderAtomic(path, async (folder) => {
    for (const part of HALVES) {
      signal?.throwIfAborted();
      const file = join(folder, names[part]);
      await write(file, await readCheckpoint(weights[part], { part }), half ? { dtype: "float16" } : {});
      files.push({ path: join(path, names[part]), bytes: (await stat(file)).size });
    }
    signal?.throwIfAborted();
    await describeFolder({ ...config, DIR: path }, () => {}, folder);
    for (const name of [CONFIG_FILE, CLASSES_FILE]) {
      files.push({ path: join(path, name), bytes: (await stat(join(folder, name))).size });
    }
  });
  return { files, inputs: [], outputs: [] };
};
