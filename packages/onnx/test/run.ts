import * as ort from "onnxruntime-node";
import type { OnnxFile } from "../src/index.ts";

/** One output of ONNX Runtime. */
export interface Result {
  name: string;
  type: string;
  dims: readonly number[];
  data: Float32Array | Uint8Array | Int32Array;
}

/** What ONNX Runtime gives for a file and its inputs, in the file's order of outputs. */
export async function run(file: OnnxFile | Uint8Array, feeds: Record<string, ort.Tensor>): Promise<Result[]> {
  const session = await ort.InferenceSession.create(file instanceof Uint8Array ? file : file.bytes(), {
    logSeverityLevel: 3,
  });
  try {
    const results = await session.run(feeds);
    return session.outputNames.map((name) => {
      const { type, dims, data } = results[name]!;
      return { name, type, dims, data: data as Result["data"] };
    });
  } finally {
    await session.release();
  }
}

export const float32 = (values: ArrayLike<number>, dims: readonly number[]) =>
  new ort.Tensor("float32", Float32Array.from(values), dims);

export const uint8 = (values: ArrayLike<number>, dims: readonly number[]) =>
  new ort.Tensor("uint8", Uint8Array.from(values), dims);

export const int64 = (values: readonly number[]) =>
  new ort.Tensor("int64", BigInt64Array.from(values, BigInt), [values.length]);
