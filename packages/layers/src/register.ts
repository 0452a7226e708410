import { registerGradients } from "./gradients.ts";
import { registerComposedKernels } from "./kernels/composed.ts";
import { registerTensorflowKernels } from "./kernels/tensorflow/index.ts";

registerComposedKernels();
registerTensorflowKernels();
registerGradients();
