import { describeReference } from "./describe-reference.ts";

// Depthwise convolutions, a pyramid, grouped convolutions, a fused pyramid of features, many resolutions; the others are in the campaign.
const some = /^(mobilenetv2dilated\+c1_deepsup|resnet18dilated\+ppm_deepsup|resnext101\+upernet|hrnetv2\+c1)$/;
describeReference({
  wasm: (pair) => /^(mobilenetv2dilated\+c1_deepsup|resnet18dilated\+ppm_deepsup)$/.test(pair),
  tensorflow: (pair) => some.test(pair),
});
