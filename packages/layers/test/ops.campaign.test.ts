import { describeOps } from "./describe-ops.ts";

// Each shape is a shader of its own, whose compilation takes a driver without a GPU long.
describeOps(["webgpu"]);
