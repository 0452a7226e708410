import { describeEvaluationGradients } from "./evaluation-mode-gradients.ts";
import { describeTraining } from "./three-steps.ts";

const all = () => true;

describeEvaluationGradients({ cpu: (name) => name === "mobilenetv2dilated+c1_deepsup", wasm: all, tensorflow: all });
describeTraining({ wasm: all, tensorflow: all });
