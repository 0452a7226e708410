import { thorough } from "@seg/testing/thorough";
import { describeNetworks } from "./describe-networks.ts";

describeNetworks(
  () => true,
  [...(thorough ? [[1, 128, 96, 3]] : []), [1, 97, 131, 3], [2, 65, 50, 3]],
  "tensorflow",
  // The other layout is the same network behind one transposition: `networks` has it of several.
  thorough ? {} : { layouts: ["nchw"] },
);
