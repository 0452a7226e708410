import { registerGradients } from "./gradients.ts";
import { registerComposedKernels } from "./kernels/composed.ts";
import { registerTensorflowKernels } from "./kernels/tensorflow.ts";
import { registerSynchronizedGradients } from "./synchronized-gradients.ts";

registerComposedKernels();
registerTensorflowKernels();
registerGradients();
registerSynchronizedGradients();
