import type { LazyArray, PointwiseFunction } from "@seg/layers/inference-graph";
import { attr, type GraphDefBuilder } from "../graph-def.ts";
import type { Emitter } from "./emitter.ts";

/** Those with an op of their own; selu's constants are TensorFlow's. */
const OPS: Partial<Record<PointwiseFunction["kind"], string>> = {
  relu: "Relu",
  relu6: "Relu6",
  sigmoid: "Sigmoid",
  tanh: "Tanh",
  softplus: "Softplus",
  softmax: "Softmax",
  selu: "Selu",
};

export const activation: Emitter<"activation"> = ({ function: fn }, { graph, inputs: [x] }) => {
  const op = OPS[fn.kind];
  if (op) return graph.add(op, [x]);
  switch (fn.kind) {
    case "leakyRelu":
      return graph.add("LeakyRelu", [x], { alpha: attr.float(fn.alpha) });
    case "elu": {
      if (fn.alpha === 1) return graph.add("Elu", [x]);
      const negative = graph.add("Sub", [x, graph.add("Relu", [x])]);
      const below = graph.add("Mul", [graph.add("Elu", [negative]), graph.floats(fn.alpha)]);
      return graph.add("AddV2", [graph.add("Relu", [x]), below]);
    }
    case "clip":
      return clipped(graph, x, fn.min, fn.max);
    case "hardSigmoid": {
      const line = graph.add("AddV2", [graph.add("Mul", [x, graph.floats(fn.alpha)]), graph.floats(fn.beta)]);
      return clipped(graph, line, 0, 1);
    }
    case "softsign":
      return graph.add("RealDiv", [x, graph.add("AddV2", [graph.add("Abs", [x]), graph.floats(1)])]);
    default:
      return graph.add("Mul", [x, graph.add("Sigmoid", [x])]);
  }
};

/** Numbers held within bounds. */
export const clipped = (graph: GraphDefBuilder, x: string, min: number, max: number): string =>
  graph.add("ClipByValue", [x, graph.parameter(min), graph.parameter(max)]);

const ARITHMETIC = { add: "AddV2", average: "AddV2", multiply: "Mul", maximum: "Maximum", minimum: "Minimum" } as const;

export const arithmetic: Emitter<"arithmetic"> = ({ kind }, { graph, inputs }) => {
  const result = inputs.reduce((a, b) => graph.add(ARITHMETIC[kind], [a, b]));
  return kind === "average" ? graph.add("Mul", [result, graph.floats(1 / inputs.length)]) : result;
};

export const affine: Emitter<"affine"> = ({ scale, offset }, { graph, inputs: [x] }) =>
  graph.add("AddV2", [graph.add("Mul", [x, vector(graph, "scale", scale)]), vector(graph, "offset", offset)]);

/** A weight as it is. */
export const vector = (graph: GraphDefBuilder, what: string, values: LazyArray): string =>
  graph.lazy([[what, values.shape]], () => values.read())[0]!;
