import * as ort from "onnxruntime-node";
import type { OnnxFile } from "../src/index.ts";

/** One output of ONNX Runtime. */
export interface Result {
  name: string;
  type: string;
  dims: readonly number[];
  data: Float32Array | Uint8Array | Int32Array;
}

type Feeds = Record<string, ort.Tensor>;

/** What ONNX Runtime gives for a file and its inputs, in the file's order of outputs. */
export async function run(file: OnnxFile, feeds: Feeds): Promise<Result[]> {
  return (await runAll(file, [feeds]))[0]!;
}

/** {@link run} for several inputs, of one opening of the file. */
export async function runAll(file: OnnxFile, inputs: readonly Feeds[]): Promise<Result[][]> {
  // More threads would take the processor from the tests beside this one: they wait for each other by spinning.
  const session = await ort.InferenceSession.create(file.bytes(), { logSeverityLevel: 3, intraOpNumThreads: 1 });
  try {
    const all: Result[][] = [];
    for (const feeds of inputs) {
      const results = await session.run(feeds);
      all.push(
        session.outputNames.map((name) => {
          const { type, dims, data } = results[name]!;
          return { name, type, dims, data: data as Result["data"] };
        }),
      );
    }
    return all;
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
