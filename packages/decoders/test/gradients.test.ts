import { CHOSEN } from "./chosen.ts";
import { describeEvaluationGradients } from "./evaluation-mode-gradients.ts";

describeEvaluationGradients(CHOSEN.gradients);
