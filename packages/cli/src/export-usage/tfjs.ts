import { basename } from "node:path";
import type { ExportResult } from "@seg/pipeline/export";
import type { ExportForm, ExportUsage } from "./index.ts";

/** A page's program that runs a graph model on a photo and makes a label map of the photo's size. */
export function tfjsUsage({ path, photo }: ExportResult, { input, output = "logits" }: ExportForm): ExportUsage {
  const { sizes, maxSize, paddingConstant: padding, channels, range, mean, std } = photo;
  const program = [
    'import * as tf from "@tensorflow/tfjs";',
    "",
    `const model = await tf.loadGraphModel(${JSON.stringify(`/${basename(path)}/model.json`)});`,
    'const photo = tf.browser.fromPixels(document.querySelector("img"));',
    "const [height, width] = photo.shape;",
    `const scale = Math.min(${sizes[0]} / Math.min(width, height), ${maxSize} / Math.max(width, height));`,
    `const size = [height, width].map((side) => Math.ceil(Math.trunc(side * scale) / ${padding}) * ${padding});`,
    "const labels = tf.tidy(() => {",
    "  const image = tf.image.resizeBilinear(photo, size, false, true);",
    ...(input === "rgb"
      ? ["  const output = model.predict(image.round().expandDims());"]
      : [
          `  const ${channels === "bgr" ? "ordered = image.reverse(2)" : "ordered = image"}${range === 1 ? ".div(255)" : ""};`,
          `  const normalized = ordered.sub([${mean.join(", ")}]).div([${std.join(", ")}]);`,
          "  const output = model.predict(normalized.expandDims());",
        ]),
    ...(output === "labels"
      ? ["  return tf.image.resizeNearestNeighbor(output.expandDims(3), [height, width], false, true).squeeze([0, 3]);"]
      : ["  return tf.image.resizeBilinear(output, [height, width], false, true).argMax(3).squeeze([0]);"]),
    "});",
  ];
  return { browser: program.join("\n") };
}
