import { describeEvaluationGradients } from "./evaluation-mode-gradients.ts";

const all = () => true;

describeEvaluationGradients({ cpu: (name) => name === "mobilenetv2dilated+c1_deepsup", wasm: all, tensorflow: all });
