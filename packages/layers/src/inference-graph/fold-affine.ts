import type { Operation } from "./operation.ts";
import { folded } from "./weights.ts";

/** How often each tensor is read, by operations or as a result. */
export function readersOf(operations: readonly Operation[], outputs: readonly number[]): Map<number, number> {
  const reads = new Map<number, number>();
  for (const id of [...operations.flatMap(({ inputs }) => inputs), ...outputs]) reads.set(id, (reads.get(id) ?? 0) + 1);
  return reads;
}

/** Folds each batch norm into the convolution or dense layer before it, where nothing else reads that one. */
export function foldAffine(operations: readonly Operation[], outputs: readonly number[]): Operation[] {
  const reads = readersOf(operations, outputs);
  const kept = new Map<number, Operation>();
  for (const operation of operations) {
    const source = operation.op === "affine" ? kept.get(operation.inputs[0]!) : undefined;
    if (operation.op !== "affine" || !source || reads.get(source.output) !== 1) {
      kept.set(operation.output, operation);
      continue;
    }
    const { output } = operation;
    if (source.op === "conv2d" || source.op === "conv2dOverResized") {
      kept.delete(source.output);
      kept.set(output, { ...source, output, ...folded(source.filter, source.bias, operation) });
    } else if (source.op === "dense") {
      kept.delete(source.output);
      const { filter: kernel, bias } = folded(source.kernel, source.bias, operation);
      kept.set(output, { ...source, output, kernel, bias });
    } else {
      kept.set(output, operation);
    }
  }
  return [...kept.values()];
}
