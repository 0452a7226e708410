import { CheckpointError, quote } from "./errors.ts";

/**
 * What stands in a pickle's values for something that is not rebuilt here: an object of another class than tensors and dicts, or what one of
 * its functions would give. Nothing can be done with it and nothing is kept of it but which global it comes from.
 */
export class Opaque {
  constructor(readonly global: string) {}
}

// Tensors that are stored in another way than by their elements, and how to save them so.
const TENSORS: readonly [RegExp, string, string][] = [
  [/^torch\.(Q\w+Storage|_utils\._rebuild_qtensor)$/, "a quantized tensor", "x.dequantize()"],
  [/^torch\._utils\._rebuild_sparse\w*$/, "a sparse tensor", "x.to_dense()"],
  [/^torch\._utils\._rebuild_nested_tensor$/, "a nested tensor", "x.to_padded_tensor(0)"],
  [/^torch\._utils\._rebuild_meta_tensor_no_storage$/, "a tensor without values (on the device meta)", "its values"],
  [/^torch\._utils\._rebuild_(device|xla|hpu|wrapper)\w*$/, "a tensor of another device", "x.cpu()"],
  [/^torch\.(Complex\w*Storage|complex\d+)$/, "a tensor of complex numbers", "torch.view_as_real(x)"],
  // Types of safetensors have no dot.
  [/^[A-Z]\w*$/, "a tensor of a type that is not read", "x.float()"],
  [/^torch\.(\w+Storage|(float|int|uint|bits|quint|qint)\w+)$/, "a tensor of a type that is not read", "x.float()"],
];

/** Why the file is of no use where this is needed. */
export function refusal({ global }: Opaque, where = "it"): CheckpointError {
  const [, kind, instead] = TENSORS.find(([pattern]) => pattern.test(global)) ?? [];
  if (kind) {
    return new CheckpointError(
      "unsupported",
      `${where} holds ${kind} (${quote(global)}): save it as ${instead} in Python`,
      {
        data: { global },
      },
    );
  }
  const expected = where === "it" ? "its pickle should hold tensors only" : `${where} should be a tensor`;
  return new CheckpointError(
    "unsafe-pickle",
    `${expected}, and @seg/checkpoint refuses to run ${quote(global)}: ` +
      "ask its author for torch.save(model.state_dict(), path)",
    { data: { global } },
  );
}
