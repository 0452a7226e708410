import { describeTraining } from "./three-steps.ts";

// One with depthwise convolutions and one with a pyramid; all others are in the campaign.
describeTraining({
  tensorflow: (name) => /^(mobilenetv2|resnet18)/.test(name),
  wasm: (name) => name.startsWith("mobilenetv2"),
});
