import { describeConv2dOverResized } from "./describe-conv2d-over-resized.ts";

// Its many shapes are as many shaders, whose compilation takes a driver without a GPU long.
describeConv2dOverResized(["webgpu"]);
