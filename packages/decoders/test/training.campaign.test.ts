import { CHOSEN, others } from "./chosen.ts";
import { describeTraining } from "./three-steps.ts";

// Single-threaded WebAssembly takes minutes for each of the large ones, whose gradients on it the thorough campaign of `gradients` holds.
const small = (name: string) => /^(mobilenetv2|resnet18)/.test(name);
describeTraining(others({ tensorflow: () => true, wasm: small }, CHOSEN.training));
