import type { TensorData } from "./dtypes.ts";
import { CheckpointError, quote } from "./errors.ts";
import type { NamedTensor } from "./tensor.ts";

/** @throws {CheckpointError} `not-finite`, naming the tensor, if a weight is NaN or infinite. */
export function requireFinite({ name, data }: NamedTensor): void {
  const wrong = notFinite(data);
  if (wrong === undefined) return;
  throw new CheckpointError(
    "not-finite",
    {
      expected: "finite weights",
      received: `${wrong} in ${quote(name)}`,
      hint: "take weights that were saved before their training failed, or get the file anew",
    },
    { data: { tensor: name } },
  );
}

function notFinite(data: TensorData): number | undefined {
  if (!(data instanceof Float32Array || data instanceof Float64Array)) return undefined;
  // Products with zero are zero exactly if all are finite, and a sum shows one that is not: one pass without a branch.
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data[i]! * 0;
  return sum === 0 ? undefined : data.find((value) => !Number.isFinite(value));
}
