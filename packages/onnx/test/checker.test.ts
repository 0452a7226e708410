import { execFile, execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describeEngines } from "@seg/testing";
import { temporaryFolder } from "@seg/testing/node";
import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { type OnnxOptions, toOnnx } from "../src/index.ts";
import { modelOf } from "./bodies.ts";
import { pyramid } from "./pyramid.ts";

/** The Python that has ONNX's own checker. */
const python = process.env.SEG_TEST_PYTHON ?? "python3";

const reason = (() => {
  try {
    execFileSync(python, ["-c", "import onnx"], { stdio: "ignore" });
    return "";
  } catch {
    return ` (skipped: ${python} has no package onnx)`;
  }
})();

/** Checks files, and prints how each one's outputs are called after its shapes are inferred. */
const CHECK = `
import json, sys, onnx
for path in sys.argv[1:]:
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    tensors = [one.type.tensor_type for one in inferred.graph.output]
    print(json.dumps([[dim.dim_param or dim.dim_value for dim in tensor.shape.dim] for tensor in tensors]))
`;

const BYTES = { mean: [0.5, 0.5, 0.5], std: [0.2, 0.2, 0.2], channels: "bgr" } as const;

const FORMS: [OnnxOptions, (string | number)[]][] = [
  [{}, ["batch", 5, "scores_height", "scores_width"]],
  [{ layout: "nhwc" }, ["batch", "scores_height", "scores_width", 5]],
  [{ half: true, output: "labels", size: "given" }, ["batch", "labels_height", "labels_width"]],
  [{ output: "probabilities", layout: "nhwc" }, ["batch", "height", "width", 5]],
  [{ output: "labels", input: BYTES }, ["batch", "height", "width"]],
];

describe.skipIf(reason)(`ONNX's own checker${reason}`, () => {
  describeEngines("and its inference of shapes, both at their strictest,", () => {
    it("find nothing wrong with files of any form", async () => {
      const folder = temporaryFolder();
      const model = modelOf(pyramid);
      const image = tf.input({ shape: [null, null, 3] });
      const ofBytes = tf.model({
        inputs: image,
        outputs: model.apply(tf.layers.dense({ units: 5 }).apply(image)) as tf.SymbolicTensor,
      });
      const paths = FORMS.map(([options], i) => {
        const path = join(folder, `${i}.onnx`);
        writeFileSync(path, toOnnx(options.input ? ofBytes : model, options).bytes());
        return path;
      });
      const { stdout } = await promisify(execFile)(python, ["-c", CHECK, ...paths]);
      expect(
        stdout
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line)),
      ).toEqual(FORMS.map(([, dims]) => [dims]));
      tf.dispose(ofBytes.weights.map((weight) => weight.read()));
    });
  }, ["cpu"]);
});
