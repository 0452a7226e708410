import { describeEvaluationGradients } from "./evaluation-mode-gradients.ts";

// One of each kind of encoder and decoder; all others are in the campaign.
describeEvaluationGradients({
  tensorflow: (name) => /^(mobilenetv2dilated.c1|resnet18dilated.ppm_|resnet50.upernet|hrnet)/.test(name),
  wasm: (name) => name.startsWith("mobilenetv2dilated+c1"),
});
