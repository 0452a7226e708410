import * as tf from "@tensorflow/tfjs";
import { describeMismatch } from "./describe-mismatch.ts";
import type { TensorData } from "./dtypes.ts";
import { CheckpointError, refuseUnknown } from "./errors.ts";
import type { LoadReport, ShapeMismatch } from "./load-report.ts";
import { type Parameter, parametersOf } from "./parameters.ts";
import type { NamedTensor, StateDict } from "./tensor.ts";

/** Options of `loadWeights`. */
export interface LoadOptions {
  /** As PyTorch's: whether missing or unexpected keys and shape mismatches are errors (the default); otherwise what fits is loaded. */
  strict?: boolean | undefined;
  /** Which names of the state dict to ignore. */
  ignore?: ((name: string) => boolean) | undefined;
}

export const LOAD_OPTIONS = ["strict", "ignore"] satisfies (keyof LoadOptions)[];

// PyTorch's step counter, and the running sums of MIT's synchronized batch norm.
const BUFFERS = new Set(["num_batches_tracked", "_tmp_running_mean", "_tmp_running_var", "_running_iter"]);
// The ImageNet classifiers of torchvision's ResNets and MobileNets, which encoders lack.
const HEADS = ["fc.", "classifier."];

/** Which tensor of a state dict each variable of a model takes. */
export interface WeightMatch {
  /** Parameters with their tensors, of the same shape. */
  readonly pairs: readonly (readonly [Parameter, NamedTensor])[];
  readonly report: LoadReport;
}

/**
 * Loads a state dict into a model. The mapping is a rule: layer `layer1.0.conv1` with variable `kernel` takes
 * `layer1.0.conv1.weight`, its axes permuted from OIHW to HWIO; batch norm's gamma, beta and moving statistics take `weight`,
 * `bias`, `running_mean` and `running_var`; any other variable takes the tensor of its own name.
 *
 * @param model - Its layers are named by PyTorch's module paths. Its variables are overwritten.
 * @param state - Tensors by PyTorch's names, as `readCheckpoint` gives them. They are copied.
 * @param options - See `LoadOptions`.
 * @throws {CheckpointError} `mismatch` in strict mode, before any variable is written: the message lists the names, `data.report` holds all;
 *   `option` for an option that there is not.
 */
export function loadWeights(model: tf.LayersModel, state: StateDict, options: LoadOptions = {}): LoadReport {
  const { pairs, report } = matchWeights(model, state, options);
  for (const [parameter, tensor] of pairs) write(parameter, tensor.data);
  return report;
}

/** {@link loadWeights} up to the writing. */
export function matchWeights(model: tf.LayersModel, state: StateDict, options: LoadOptions): WeightMatch {
  refuseUnknown(options, LOAD_OPTIONS, "the options of loadWeights");
  const { strict = true, ignore = () => false } = options;
  const parameters = parametersOf(model);
  const known = new Set(parameters.map(({ name }) => name));
  const lacksHead = HEADS.filter((head) => !parameters.some(({ name }) => name.startsWith(head)));
  const isIgnored = (name: string): boolean =>
    ignore(name) ||
    (!known.has(name) &&
      (BUFFERS.has(name.slice(name.lastIndexOf(".") + 1)) || lacksHead.some((head) => name.startsWith(head))));

  const ignored = [...state.keys()].filter(isIgnored);
  const ignoredNames = new Set(ignored);
  const pairs: [Parameter, NamedTensor][] = [];
  const missing: string[] = [];
  const shapeMismatch: ShapeMismatch[] = [];
  for (const parameter of parameters) {
    const { name, shape } = parameter;
    const tensor = ignoredNames.has(name) ? undefined : state.get(name);
    if (!tensor) missing.push(name);
    else if (!sameShape(shape, tensor.shape)) shapeMismatch.push({ name, expected: shape, received: tensor.shape });
    else pairs.push([parameter, tensor]);
  }
  const unexpected = [...state.keys()].filter((name) => !known.has(name) && !ignoredNames.has(name));
  const report = { loaded: pairs.map(([{ name }]) => name), missing, unexpected, shapeMismatch, ignored };
  if (strict && missing.length + unexpected.length + shapeMismatch.length > 0) {
    const line = describeMismatch(model.name, parameters.length, report);
    throw new CheckpointError("mismatch", line, { data: { model: model.name, report } });
  }
  return { pairs, report };
}

function write({ variable, toVariable }: Parameter, data: TensorData): void {
  const numbers = data instanceof BigInt64Array ? Float64Array.from(data, Number) : data;
  tf.tidy(() => {
    variable.write(tf.tensor(toVariable(numbers), variable.shape as number[], variable.dtype));
  });
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}
