import { describeNetworks } from "./describe-networks.ts";

describeNetworks(
  () => true,
  [
    [1, 128, 96, 3],
    [1, 97, 131, 3],
    [2, 65, 50, 3],
  ],
  "tensorflow",
);
