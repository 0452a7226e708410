import { ENGINES } from "@seg/testing";
import { describeConv2dOverResized } from "./describe-conv2d-over-resized.ts";

describeConv2dOverResized(ENGINES);
