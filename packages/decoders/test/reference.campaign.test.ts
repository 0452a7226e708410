import { CHOSEN, others } from "./chosen.ts";
import { describeReference } from "./describe-reference.ts";

const all = () => true;
// Plain JavaScript, and WebGPU without a GPU, need minutes for the others; their kernels are tested in @seg/layers.
const smallest = (pair: string) => pair === "mobilenetv2dilated+c1_deepsup";
describeReference(others({ webgpu: smallest, cpu: smallest, wasm: all, tensorflow: all }, CHOSEN.reference));
