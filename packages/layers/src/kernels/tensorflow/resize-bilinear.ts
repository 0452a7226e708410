import * as tf from "@tensorflow/tfjs";
import { type Pair, ResizeBilinear, ResizeBilinearGrad } from "../../kernel-names.ts";
import { execute, kernel, shapeTensor } from "./engine.ts";

const HALF_PIXEL = { align_corners: false, half_pixel_centers: true };

export const resizeBilinearConfig = kernel(ResizeBilinear, (backend, { x }, attrs) =>
  execute(backend, "ResizeBilinear", HALF_PIXEL, [x!, shapeTensor(attrs.size as number[])]),
);

export const resizeBilinearGradConfig = kernel(ResizeBilinearGrad, (backend, { dy }, attrs) => {
  const [height, width] = attrs.inputSize as Pair;
  // The op reads only the shape of the image that was resized.
  const original = tf.zeros([dy!.shape[0], height, width, dy!.shape[3]]);
  return execute(backend, "ResizeBilinearGrad", HALF_PIXEL, [dy!, original]);
});
