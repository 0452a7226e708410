import { CHOSEN } from "./chosen.ts";
import { describeReference } from "./describe-reference.ts";

describeReference(CHOSEN.reference);
