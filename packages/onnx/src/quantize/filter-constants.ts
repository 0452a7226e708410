import { TensorProto_DataType as DataType } from "../proto/onnx_pb.ts";
import { bytesOf, type Initializer } from "../write/graph-writer.ts";
import { biasScales, biasSteps, filterScales, filterSteps } from "./steps.ts";

/** A constant's numbers. */
const floatsOf = (one: Initializer): Float32Array => {
  const { buffer, byteOffset, byteLength } = one.bytes();
  return new Float32Array(buffer, byteOffset, byteLength / 4);
};

/** What a constant becomes: whole numbers, and the scales and zero points that `DequantizeLinear` takes after them. */
export type Dequantized = readonly [steps: Initializer, scales: Initializer, ...zeroPoints: Initializer[]];

/**
 * A convolution's filter as int8, of a scale for each output channel, and its bias as int32. Weights are read when the bytes are asked for.
 *
 * @param largest - The largest whole number that a weight may become.
 * @param inputScale - Of the convolution's input.
 */
export function filterConstants(
  filter: Initializer,
  bias: Initializer | undefined,
  { largest, inputScale }: { largest: number; inputScale: number },
): [filter: Dequantized, bias?: Dequantized] {
  const outputs = filter.shape[0]!;
  let known: Float32Array | undefined;
  const scales = () => {
    known ??= filterScales(floatsOf(filter), outputs, { largest, inputScale, bias: bias && floatsOf(bias) });
    return known;
  };
  const forBias = () => biasScales(scales(), inputScale);
  const ofFilter: Dequantized = [
    constant(`${filter.name}.bytes`, DataType.INT8, filter.shape, 1, () => filterSteps(floatsOf(filter), scales())),
    constant(`${filter.name}.step`, DataType.FLOAT, [outputs], 4, scales),
    constant(`${filter.name}.zero`, DataType.INT8, [outputs], 1, () => new Int8Array(outputs)),
  ];
  if (!bias) return [ofFilter];
  return [
    ofFilter,
    [
      constant(`${bias.name}.whole`, DataType.INT32, [outputs], 4, () => biasSteps(floatsOf(bias), forBias())),
      constant(`${bias.name}.step`, DataType.FLOAT, [outputs], 4, forBias),
    ],
  ];
}

/** A constant of `size` bytes a number. */
export const constant = (
  name: string,
  type: DataType,
  shape: readonly number[],
  size: number,
  read: () => ArrayBufferView,
): Initializer => ({
  name,
  type,
  shape,
  byteLength: size * shape.reduce((a, b) => a * b, 1),
  bytes: () => bytesOf(read()),
});
