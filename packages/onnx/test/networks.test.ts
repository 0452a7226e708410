import { describeNetworks } from "./describe-networks.ts";

// Depthwise convolutions, two pyramids; all others are in the campaign.
const CHOSEN = ["mobilenetv2dilated+c1_deepsup", "mobilenetv2dilated+ppm_deepsup", "resnet18dilated+ppm_deepsup"];
describeNetworks(
  (name) => CHOSEN.includes(name),
  [
    [1, 64, 96, 3],
    [2, 67, 45, 3],
  ],
  "wasm",
);
