export { describeEngines, describeEveryEngine, ENGINES, type Engine, tidyAsync } from "./engines.ts";
export {
  EVALUATION_BOUNDS,
  expectNoComplaints,
  gradientComplaints,
  lossBound,
  norm,
  type ReferenceGradient,
  TRAINING_BOUNDS,
} from "./gradients.ts";
export { expectLabels } from "./labels.ts";
export { fillMadeUp, hash, pytorchName, uniform } from "./made-up.ts";
export { reference } from "./reference.ts";
export { expectSampled, nchwIndexToNhwc, type SampledTensor } from "./sampled.ts";
export { shared, unlessShared } from "./shared.ts";
export { thrown } from "./thrown.ts";
