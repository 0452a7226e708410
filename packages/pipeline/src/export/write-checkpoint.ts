import { stat } from "node:fs/promises";
import { join } from "node:path";
import { readCheckpoint, writePth, writeSafetensors } from "@seg/checkpoint";
import { writeFolderAtomic } from "@seg/node";
import { withUnreadWeights } from "../model/load.ts";
import { HALVES } from "../weights/find.ts";
import { checkpointNames } from "./checkpoint-names.ts";
import type { ExportedFile } from "./result.ts";
import type { WriteExport } from "./write-export.ts";

/** Writes the tensors of a network's two checkpoints, as they are, in another format. */
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
  });
  return { files, inputs: [], outputs: [] };
};
