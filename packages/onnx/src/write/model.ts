import { create } from "@bufbuild/protobuf";
import type { InferenceGraph } from "@seg/layers/inference-graph";
import { TensorProto_DataType as DataType, GraphProtoSchema } from "../proto/onnx_pb.ts";
import { emit } from "./emit.ts";
import type { Unwritten } from "./encode.ts";
import type { Form } from "./form.ts";
import { GraphWriter } from "./graph-writer.ts";
import { takeInput } from "./input.ts";
import { giveOutput, SIZE } from "./output.ts";
import { Tensors } from "./tensors.ts";
import { valueInfo } from "./value-info.ts";

/** What ONNX Runtime 1.20 and onnxruntime-web know: opset 21 and its version of the file format. */
const OPSET = 21n;
const IR_VERSION = 10n;

/** What outputs are called, with their number behind it if there are several. */
const NAMES = { logits: "scores", probabilities: "probabilities", labels: "labels" };

/**
 * Writes an inference graph as an ONNX graph with the wanted input and outputs.
 *
 * @throws {OnnxError} `option` for a form that does not suit the graph.
 */
export function unwrittenModel(graph: InferenceGraph, form: Form): Unwritten {
  const writer = new GraphWriter();
  const tensors = new Tensors(writer, graph);
  const { input } = graph;
  const inputs = [takeInput(writer, tensors, input, form)];
  if (form.size === "given") inputs.push(valueInfo(SIZE, DataType.INT64, [2]));
  for (const operation of graph.operations) emit(writer, tensors, operation);
  const outputs = graph.outputs.map((id, i) => {
    const name = writer.unique(graph.outputs.length === 1 ? NAMES[form.output] : `${NAMES[form.output]}_${i}`);
    return giveOutput(writer, tensors, { id, name, input }, form);
  });
  return {
    model: {
      irVersion: IR_VERSION,
      producerName: "@seg/onnx",
      opsetImport: [{ domain: "", version: OPSET }],
      metadataProps: Object.entries(form.metadata).map(([key, value]) => ({ key, value })),
    },
    graph: create(GraphProtoSchema, { name: "network", node: writer.nodes, input: inputs, output: outputs }),
    initializers: writer.initializers,
  };
}
