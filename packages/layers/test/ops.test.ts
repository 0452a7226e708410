import { ENGINES } from "@seg/testing";
import { describeOps } from "./describe-ops.ts";

describeOps(ENGINES);
