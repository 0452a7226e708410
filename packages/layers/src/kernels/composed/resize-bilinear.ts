import * as tf from "@tensorflow/tfjs";
import { type Pair, ResizeBilinear } from "../names.ts";
import { composedKernel } from "./kernel.ts";

export const resizeBilinearConfig = composedKernel(ResizeBilinear, ({ x }, attrs) =>
  tf.image.resizeBilinear(x!, attrs.size as Pair, false, true),
);
