import { CheckpointError, quote } from "./errors.ts";
import { TensorRef } from "./pickle-globals.ts";
import { checkView } from "./tensor.ts";

// Keys under which training scripts save the weights, next to epoch and optimizer state.
const WRAPPERS = ["state_dict", "model_state_dict", "model"];

function unwrap(root: unknown): Map<unknown, unknown> {
  if (!(root instanceof Map)) {
    throw new CheckpointError(
      "unsupported",
      "expected a state dict, but it holds a single value: save it in Python with torch.save(model.state_dict(), path)",
    );
  }
  const wrapped = WRAPPERS.map((key) => root.get(key)).find((value) => value instanceof Map);
  return wrapped ?? root;
}

/**
 * The tensors of an unpickled checkpoint, by name and in order: of the dict itself, or of the one under `state_dict`.
 * Entries that are no tensors are skipped.
 *
 * @throws {CheckpointError} `unsupported` where there are only other things; `corrupt` where a tensor exceeds its storage.
 */
export function tensorsOf(root: unknown): Map<string, TensorRef> {
  const dict = unwrap(root);
  const tensors = new Map<string, TensorRef>();
  for (const [name, value] of dict) {
    if (typeof name !== "string" || !(value instanceof TensorRef)) continue;
    checkView(name, value.view, value.storage.length);
    tensors.set(name, value);
  }
  if (tensors.size === 0 && dict.size > 0) {
    const keys = [...dict.keys()].slice(0, 5).map((key) => quote(String(key)));
    throw new CheckpointError(
      "unsupported",
      `expected a state dict, but it holds no tensors under its keys (${keys.join(", ")}): save model.state_dict() alone`,
    );
  }
  return tensors;
}

/** Strips DataParallel's prefix `module.`, if all names have it. */
export function withoutModulePrefix(names: Iterable<string>): (name: string) => string {
  const all = [...names];
  return all.length > 0 && all.every((name) => name.startsWith("module."))
    ? (name) => name.slice("module.".length)
    : (name) => name;
}
