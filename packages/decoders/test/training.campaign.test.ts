import { describeTraining } from "./three-steps.ts";

// Single-threaded WebAssembly takes minutes for each of the large ones, whose gradients on it `gradients.campaign` holds.
describeTraining({ tensorflow: () => true, wasm: (name) => /^(mobilenetv2|resnet18)/.test(name) });
