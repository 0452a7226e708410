export { describeEngines, describeEveryEngine, ENGINES, type Engine, tidyAsync } from "./engines.ts";
export {
  expectNoComplaints,
  gradientComplaints,
  lossBound,
  norm,
  type ReferenceGradient,
  STILL_BOUNDS,
  TRAINING_BOUNDS,
} from "./gradients.ts";
export { expectLabels } from "./labels.ts";
export { fillMadeUp, hash, pytorchName, uniform } from "./made-up.ts";
export { expectSampled, nchwIndexToNhwc, type SampledTensor } from "./sampled.ts";
export { reference, shared, unlessShared } from "./shared.ts";
