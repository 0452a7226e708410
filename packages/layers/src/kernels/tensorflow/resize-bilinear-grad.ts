import * as tf from "@tensorflow/tfjs";
import { type Pair, ResizeBilinearGrad } from "../names.ts";
import { execute, nativeKernel } from "./native.ts";
import { HALF_PIXEL } from "./resize-bilinear.ts";

export const resizeBilinearGradConfig = nativeKernel(ResizeBilinearGrad, (backend, { dy }, attrs) => {
  const [height, width] = attrs.inputSize as Pair;
  // The op reads only the shape of the image that was resized.
  const original = tf.zeros([dy!.shape[0], height, width, dy!.shape[3]]);
  return execute(backend, "ResizeBilinearGrad", HALF_PIXEL, [dy!, original]);
});
