import { describeNetworks } from "./networks.ts";

describeNetworks(
  new Map([
    ["mobilenetv2dilated", ["c1"]],
    ["resnet18dilated", ["ppm"]],
    ["resnet18", ["upernet"]],
  ]),
  [2, 37, 45],
  ["wasm", "tensorflow"],
);
