import { CHOSEN, others } from "./chosen.ts";
import { describeEvaluationGradients } from "./evaluation-mode-gradients.ts";

const all = () => true;
const smallest = (name: string) => name === "mobilenetv2dilated+c1_deepsup";

describeEvaluationGradients(others({ cpu: smallest, wasm: all, tensorflow: all }, CHOSEN.gradients));
