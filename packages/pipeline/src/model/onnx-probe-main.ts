// The entry point of a process of describe-onnx-runtime.ts: tries ONNX Runtime and sends back an OnnxProbe, or the reason why not.
import { cpuName, type ProofReport, startEngine } from "@seg/backend";
import { conv2d } from "@seg/layers";
import { onnxInference } from "@seg/onnx";
import * as tf from "@tensorflow/tfjs";
import { proveOnnxRuntime } from "./onnx-proof.ts";

/** What was found. */
export interface OnnxProbe {
  package: string;
  version: string;
  device: string;
  threads: number;
  /** Of a 3×3 convolution, if measured. */
  gflops?: number;
  /** Whether it computes what networks are made of. */
  proof: ProofReport;
}

/** Height, width and channels of the measured convolution. */
const [SIZE, CHANNELS] = [64, 256];

async function probe(): Promise<OnnxProbe> {
  await startEngine("cpu");
  const image = tf.input({ shape: [null, null, CHANNELS] });
  const layer = conv2d({ filters: CHANNELS, kernelSize: 3, padding: 1, useBias: false, kernelStddev: 0 });
  const model = tf.model({ inputs: image, outputs: layer.apply(image) as tf.SymbolicTensor });
  const network = await onnxInference(model, {
    weights: ({ shape }) => new Float32Array(shape.reduce<number>((a, b) => a * b!, 1)).fill(1),
  });
  const { package: from, version, threads } = network.engine;
  const gflops = process.argv[2] === "measure" ? { gflops: await measure(() => network.run(ones)) } : {};
  return { package: from, version, threads, device: cpuName(), ...gflops, proof: await prove() };
}

const ones = { data: new Float32Array(SIZE * SIZE * CHANNELS).fill(1), shape: [1, SIZE, SIZE, CHANNELS] };

/** The best of a few runs, in GFLOP/s, a multiplication and an addition counted as two. */
async function measure(run: () => Promise<unknown>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 5; i++) {
    const start = performance.now();
    await run();
    if (i > 0) best = Math.min(best, performance.now() - start);
  }
  return (2 * SIZE * SIZE * 9 * CHANNELS * CHANNELS) / best / 1e6;
}

async function prove(): Promise<ProofReport> {
  try {
    await proveOnnxRuntime({});
    return { passed: true };
  } catch (error) {
    return { passed: false, reason: (error as Error).message };
  }
}

const answer = await probe().catch((error: Error) => ({ reason: error.message.split("\n")[0]! }));
process.send!(answer, () => process.exit());
