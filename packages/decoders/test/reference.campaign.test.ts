import { thorough, withoutOneDnn } from "@seg/testing/thorough";
import { CHOSEN, others } from "./chosen.ts";
import { describeReference } from "./describe-reference.ts";

const all = () => true;
const grouped = (pair: string) => pair.startsWith("resnext");
// Plain JavaScript, and WebGPU without a GPU, need minutes for the others; their kernels are tested in @seg/layers.
const smallest = (pair: string) => pair === "mobilenetv2dilated+c1_deepsup";
// One of each kind of encoder and decoder; TensorFlow has every network.
const kinds = (pair: string) => /^(mobilenetv2|resnet18|resnet50.upernet|resnext|hrnet)/.test(pair);

describeReference(
  others(
    {
      webgpu: smallest,
      cpu: smallest,
      wasm: thorough ? all : kinds,
      tensorflow: withoutOneDnn && !thorough ? grouped : all,
    },
    CHOSEN.reference,
  ),
);
