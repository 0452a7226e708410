import { basename } from "node:path";
import { HALVES } from "@seg/segmenter/config";
import type { WeightFiles } from "../weights/find.ts";

/** How the two checkpoints of an export are called: as those they come from, with the ending of the format. */
export function checkpointNames(weights: WeightFiles, format: "safetensors" | "pth"): WeightFiles {
  // Both go by one name, as they are found by one.
  const name = basename(weights.encoder)
    .replace(/^encoder_/, "")
    .replace(/(\.zip)?\.pth$|\.safetensors$/, "");
  const [encoder, decoder] = HALVES.map((half) => `${half}_${name}.${format}`) as [string, string];
  return { encoder, decoder };
}
