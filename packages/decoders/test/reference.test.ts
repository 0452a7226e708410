import { describeReference } from "./describe-reference.ts";

// Depthwise convolutions, a pyramid, many resolutions; all others are in the campaign.
describeReference({
  wasm: (pair) => /^(mobilenetv2dilated.c1_|resnet18dilated.ppm_)/.test(pair),
  tensorflow: (pair) => /^(mobilenetv2dilated.c1_|resnet18dilated.ppm_|hrnetv2)/.test(pair),
});
