import type { GraphBuilder } from "./builder.ts";
import { readersOf } from "./fold-affine.ts";
import type { Conv2DOperation, Operation } from "./operation.ts";

const isOnes = (numbers: readonly number[]) => numbers.every((n) => n === 1);

const isPlain = ({ strides, dilations, groups }: Conv2DOperation) => isOnes([...strides, ...dilations, groups]);

/**
 * Convolutions of resized images can be had for less, as both are linear: a 1×1 convolution goes before the resizing (the weights of
 * an interpolation sum to one, so the bias stays what it is), and one over images that are resized and concatenated becomes a
 * `conv2dOverResized`.
 */
export function convolveBeforeResizing(
  operations: readonly Operation[],
  outputs: readonly number[],
  builder: (name: string) => GraphBuilder,
): Operation[] {
  const reads = readersOf(operations, outputs);
  const kept = new Map<number, Operation>();
  const onlyFor = (id: number) => (reads.get(id) === 1 ? kept.get(id) : undefined);
  for (const operation of operations) {
    kept.set(operation.output, operation);
    if (operation.op !== "conv2d" || !isPlain(operation)) continue;
    const { padding, filter, bias, name, output } = operation;
    const source = onlyFor(operation.inputs[0]!);
    if (
      source?.op === "resizeLike" &&
      isOnes(filter.shape.slice(2)) &&
      padding !== "same" &&
      padding.every((n) => n === 0)
    ) {
      const [x, like] = source.inputs as [number, number];
      const graph = builder(name);
      const small = [...graph.shapeOf(x).slice(0, 3), filter.shape[0]!];
      kept.delete(source.output);
      kept.delete(output);
      const id = graph.tensor(small);
      kept.set(id, { ...operation, inputs: [x], output: id });
      kept.set(output, { op: "resizeLike", name: source.name, inputs: [id, like], output });
    }
    if (source?.op === "concat" && source.axis === 3 && padding !== "same") {
      const [top, bottom, left, right] = padding;
      const [first, ...others] = source.inputs as [number, ...number[]];
      const resized = others.map((id) => onlyFor(id));
      const isResized = resized.every((one) => one?.op === "resizeLike" && one.inputs[1] === first);
      if (top !== bottom || left !== right || resized.length === 0 || !isResized) continue;
      for (const one of [source, ...resized]) kept.delete(one!.output);
      const inputs = [first, ...resized.map((one) => one!.inputs[0]!)];
      kept.set(output, { op: "conv2dOverResized", name, inputs, output, filter, bias, padding: [top, left] });
    }
  }
  return [...kept.values()];
}
