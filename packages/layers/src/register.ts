import { registerGradients } from "./gradients.ts";
import { composedKernels } from "./kernels/composed/index.ts";
import { registerKernels } from "./kernels/register.ts";
import { nativeKernels } from "./kernels/tensorflow/index.ts";

registerKernels(composedKernels, nativeKernels);
registerGradients();
