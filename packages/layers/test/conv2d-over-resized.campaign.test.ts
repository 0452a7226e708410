import { describeConv2dOverResized } from "./describe-conv2d-over-resized.ts";

// Each shape is a shader of its own, whose compilation takes a driver without a GPU long.
describeConv2dOverResized(["webgpu"]);
