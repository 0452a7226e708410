import type { ArrayTensor } from "@seg/layers";
import type { InferenceSession } from "onnxruntime-common";
import { OnnxError } from "../errors.ts";

/** How a model takes an image and gives scores. */
export interface ImageIo {
  readonly input: string;
  readonly outputs: readonly string[];
  /** Height and width, where there is but one size that it takes. */
  readonly size: readonly [height: number, width: number] | undefined;
  /** @throws {OnnxError} `shape`. */
  check(x: ArrayTensor): void;
  /** Values and dimensions as the model takes them, of `[batch, height, width, channels]`. */
  feed(x: ArrayTensor): [data: Float32Array, dims: number[]];
  /**
   * What the model gives, images as `[batch, height, width, channels]`.
   *
   * @throws {OnnxError} `model` if they are not of as many classes as they should be.
   */
  give(data: Float32Array, dims: readonly number[], image: readonly number[]): ArrayTensor;
}

type Dimension = number | string;

/** Of an image of so many pixels along its short side, networks for segmentation give more than one score. */
const LARGE = 128;

/** Of a model that was written here: as TF.js takes and gives tensors. */
export function ownIo({ inputMetadata, outputNames }: InferenceSession): ImageIo {
  const [input] = inputMetadata;
  const shape = input?.isTensor ? input.shape : [];
  return {
    input: input!.name,
    outputs: outputNames,
    size: undefined,
    check: (x) => checkImage(x, shape),
    feed: ({ data, shape: given }) => [data, [...given]],
    give: (data, dims) => ({ data, shape: dims }),
  };
}

/**
 * Finds out from the shapes that a model declares how it takes an image, `[batch, 3, height, width]` or `[batch, height, width, 3]`, and
 * how it gives scores.
 *
 * @param name - What messages call the model.
 * @param numClasses - How many channels its scores have; they are what tells their layout where it is given.
 * @throws {OnnxError} `model` for one that is no network of one image and a score map.
 */
export function recognize(session: InferenceSession, name: string, numClasses: number | undefined): ImageIo {
  const refuse = (expected: string, received: string): never => {
    throw new OnnxError(
      "model",
      { expected: `${name} to be ${expected}`, received },
      { data: { file: name, expected, received } },
    );
  };
  const [input] = session.inputMetadata;
  if (session.inputMetadata.length !== 1 || !input?.isTensor) {
    return refuse("a model of one image", describe(session.inputMetadata));
  }
  const shape = input.shape as readonly Dimension[];
  const isLast = shape.length === 4 && shape[3] === 3;
  const isFirst = shape.length === 4 && shape[1] === 3 && !isLast;
  if (input.type !== "float32" || !(isFirst || isLast)) {
    const expected = "a model of an image as float32 [batch, 3, height, width] or [batch, height, width, 3]";
    return refuse(expected, describe([input]));
  }
  const output = session.outputMetadata.find((one) => one.isTensor && one.type === "float32");
  const isMap =
    output?.isTensor &&
    (output.shape.length === 4 || output.shape.length === 0) &&
    (numClasses === undefined || output.shape.length === 0 || mayBe(output.shape, numClasses));
  if (!isMap) {
    const classes = numClasses === undefined ? "" : ` of ${numClasses} classes`;
    return refuse(`a model of one score map${classes}, float32 of four axes,`, describe(session.outputMetadata));
  }
  const [height, width] = isFirst ? shape.slice(2) : shape.slice(1, 3);
  if ([height, width].some((n) => typeof n === "number" && n <= 0))
    return refuse("a model of images", describe([input]));
  const last: readonly Dimension[] = isFirst ? [shape[0]!, height!, width!, 3] : shape;
  return {
    input: input.name,
    outputs: [output.name],
    size: typeof height === "number" && typeof width === "number" ? [height, width] : undefined,
    check: (x) => checkImage(x, last),
    feed({ data, shape: given }) {
      if (isLast) return [data, [...given]];
      const [batch, h, w, c] = given as [number, number, number, number];
      return [permuted(data, h * w, c), [batch, c, h, w]];
    },
    give(data, dims, [, height = 0, width = 0]) {
      const [batch, a, b, c] = dims as [number, number, number, number];
      const ways = [a, c].map((n) => numClasses === undefined || n === numClasses);
      if (dims.length !== 4 || !ways.includes(true)) {
        return refuse(`a model of one score map of ${numClasses} classes`, `scores [${dims.join(", ")}]`);
      }
      const isOnePixel = data.length === batch * (numClasses ?? Math.max(a, c));
      if (isOnePixel && Math.min(height, width) >= LARGE) {
        return refuse(
          "a model that scores each part of an image",
          `one score of each class for ${height}×${width} pixels`,
        );
      }
      const isOutputFirst = ways[0] && ways[1] ? isFirst : ways[0];
      if (!isOutputFirst) return { data, shape: dims };
      return { data: permuted(data, a, b * c), shape: [batch, b, c, a] };
    },
  };
}

/** Whether a score map of a declared shape may have so many classes: what is known of its second and last axis may be them. */
function mayBe(shape: readonly Dimension[], numClasses: number): boolean {
  const known = [shape[1], shape[3]].filter((n) => typeof n === "number");
  return known.length === 0 || known.includes(numClasses);
}

/** @throws {OnnxError} `shape` for values of another shape; names stand for any size. */
export function checkImage(x: ArrayTensor, wanted: readonly Dimension[]): void {
  const { data, shape } = x ?? {};
  if (!Array.isArray(shape) || !shape.every((n) => Number.isInteger(n) && n >= 0)) {
    throw new OnnxError(
      "shape",
      { expected: "an image { data, shape }, its shape in whole numbers", received: String(shape ?? x) },
      { data: { received: shape } },
    );
  }
  const isFit = wanted.length === shape.length && wanted.every((n, axis) => typeof n !== "number" || n === shape[axis]);
  const count = shape.reduce((a, b) => a * b, 1);
  if (isFit && data instanceof Float32Array && data.length === count) return;
  throw new OnnxError(
    "shape",
    {
      expected: `float32 values [${wanted.join(", ")}]`,
      received: isFit ? `${data?.length} for [${shape}]` : `[${shape}]`,
    },
    { data: { expected: wanted, received: shape } },
  );
}

/** `[batch, rows, columns]` as `[batch, columns, rows]`. */
function permuted(data: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(data.length);
  for (let start = 0; start < data.length; start += rows * columns) {
    for (let column = 0, at = start; column < columns; column++) {
      for (let row = 0, i = start + column; row < rows; row++, i += columns) result[at++] = data[i]!;
    }
  }
  return result;
}

const describe = (tensors: readonly InferenceSession.ValueMetadata[]) =>
  tensors
    .map((one) =>
      one.isTensor ? `${one.name}: ${one.type} [${one.shape.join(", ")}]` : `${one.name}, which is no tensor`,
    )
    .join("; ") || "none";
