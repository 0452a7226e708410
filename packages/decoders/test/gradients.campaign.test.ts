import { describeStillGradients } from "./still-gradients.ts";
import { describeTraining } from "./three-steps.ts";

const all = () => true;

describeStillGradients({ cpu: (name) => name === "mobilenetv2dilated+c1_deepsup", wasm: all, tensorflow: all });
describeTraining({ wasm: all, tensorflow: all });
