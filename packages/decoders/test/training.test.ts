import { CHOSEN } from "./chosen.ts";
import { describeTraining } from "./three-steps.ts";

describeTraining(CHOSEN.training);
