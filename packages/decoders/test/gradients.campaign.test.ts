import { thorough, withoutOneDnn } from "@seg/testing/thorough";
import { CHOSEN, others } from "./chosen.ts";
import { describeEvaluationGradients } from "./evaluation-mode-gradients.ts";

const all = () => true;
const grouped = (name: string) => name.startsWith("resnext");
const small = (name: string) => /^(mobilenetv2|resnet18)/.test(name);
const smallest = (name: string) => name === "mobilenetv2dilated+c1_deepsup";

// TensorFlow has every network. Of the others the kernels' gradients are tested in @seg/layers, and their chain in `small-network`.
describeEvaluationGradients(
  others(
    thorough
      ? { cpu: smallest, wasm: all, tensorflow: all }
      : { wasm: small, tensorflow: withoutOneDnn ? grouped : all },
    CHOSEN.gradients,
  ),
);
