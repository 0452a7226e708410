import { registerKernels } from "@seg/layers/custom";
import { registerGradients } from "./gradients.ts";
import { composedKernels } from "./kernels/composed/index.ts";
import { nativeKernels } from "./kernels/tensorflow/index.ts";
import { registerSynchronizedGradients } from "./synchronized-gradients.ts";

registerKernels(composedKernels, nativeKernels);
registerGradients();
registerSynchronizedGradients();
