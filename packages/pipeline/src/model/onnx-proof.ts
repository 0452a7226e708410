import { conv2d } from "@seg/layers";
import { type OnnxInferenceOptions, onnxInference } from "@seg/onnx";
import { caseOf, compare, forEachConvolution, SIZE, type SmallConvolution } from "@seg/segmenter/proof";
import * as tf from "@tensorflow/tfjs";

/**
 * A proof that ONNX Runtime can run networks: small convolutions of each kind that they are made of, compared with plain loops.
 *
 * @throws {OnnxError} `runtime` if it is missing or does not load.
 * @throws {PipelineError} `failed`, naming the convolution that is wrong.
 */
export async function proveOnnxRuntime(options: OnnxInferenceOptions): Promise<void> {
  await forEachConvolution((convolution) => prove(convolution, options));
}

async function prove(convolution: SmallConvolution, options: OnnxInferenceOptions): Promise<void> {
  const { channels, filters, dilation, groups } = convolution;
  const { x, w, expected } = caseOf(convolution);
  const args = {
    filters,
    kernelSize: 3,
    padding: dilation,
    dilations: dilation,
    groups,
    useBias: false,
    kernelStddev: 0,
  };
  const image = tf.input({ shape: [null, null, channels] });
  const model = tf.model({ inputs: image, outputs: conv2d(args).apply(image) as tf.SymbolicTensor });
  try {
    const network = await onnxInference(model, {
      ...options,
      weights: () => pytorchOrder(w, channels / groups, filters),
    });
    try {
      const [y] = await network.run({ data: Float32Array.from(x), shape: [1, SIZE, SIZE, channels] });
      compare("result", y!.data, expected[0][1]);
    } finally {
      await network.dispose();
    }
  } finally {
    model.dispose();
  }
}

/** A filter `[height, width, in, out]` as `[out, in, height, width]`. */
function pytorchOrder(values: readonly number[], inputs: number, outputs: number): Float32Array {
  const window = values.length / (inputs * outputs);
  return Float32Array.from(values, (_, i) => {
    const [o, c, tap] = [Math.floor(i / (inputs * window)), Math.floor(i / window) % inputs, i % window];
    return values[(tap * inputs + c) * outputs + o]!;
  });
}
