import { basename } from "node:path";
import type { ExportResult } from "@seg/pipeline/export";
import type { ExportForm, ExportUsage } from "./index.ts";
import { photoInPage } from "./photo-in-page.ts";

/** A page's program that runs a graph model on a photo and makes a label map of the photo's size. */
export function tfjsUsage({ path, photo }: ExportResult, { input, output = "logits" }: ExportForm): ExportUsage {
  const { channels, range, mean, std } = photo;
  const program = [
    'import * as tf from "@tensorflow/tfjs";',
    "",
    `const model = await tf.loadGraphModel(${JSON.stringify(`/${basename(path)}/model.json`)});`,
    ...photoInPage(photo),
    "const image = tf.browser.fromPixels(pixels);",
    "const map = tf.tidy(() => {",
    ...(input === "rgb"
      ? ["  const output = model.predict(image.expandDims());"]
      : [
          `  const values = image${channels === "bgr" ? ".reverse(2)" : ""}.toFloat()${range === 1 ? ".div(255)" : ""};`,
          `  const normalized = values.sub([${mean.join(", ")}]).div([${std.join(", ")}]);`,
          "  const output = model.predict(normalized.expandDims());",
        ]),
    ...(output === "labels"
      ? ["  return tf.image.resizeNearestNeighbor(output.expandDims(3), [height, width], false, true);"]
      : ["  return tf.image.resizeBilinear(output, [height, width], false, true).argMax(3);"]),
    "});",
    "// The class of each pixel, row by row.",
    "const labels = await map.data();",
    "tf.dispose([image, map]);",
  ];
  return { browser: program.join("\n") };
}
