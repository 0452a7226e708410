import * as tf from "@tensorflow/tfjs";
import { beginsBeside } from "./beside.ts";
import { describeMismatch } from "./describe-mismatch.ts";
import type { TensorData } from "./dtypes.ts";
import { CheckpointError, quote, refuseUnknown } from "./errors.ts";
import { requireFinite } from "./finite.ts";
import type { LoadReport, ShapeMismatch } from "./load-report.ts";
import { modulePrefix } from "./module-prefix.ts";
import { Opaque, refusal } from "./opaque.ts";
import { type Parameter, parametersOf } from "./parameters.ts";
import type { Checkpoint } from "./read-checkpoint.ts";
import type { NamedTensor, StateDict } from "./tensor.ts";

/** Options of `loadWeights`. */
export interface LoadOptions {
  /** As PyTorch's: whether missing or unexpected keys and shape mismatches are errors (the default); otherwise what fits is loaded. */
  strict?: boolean | undefined;
  /** Which names of the state dict to ignore. */
  ignore?: ((name: string) => boolean) | undefined;
  /**
   * Which of the model's weights need not fit in strict mode: what is missing, or of another shape, keeps what the model has there. The
   * report tells of it.
   */
  optional?: ((name: string, mismatch: ShapeMismatch | undefined) => boolean) | undefined;
  /** Refuses weights that are NaN or infinite, of those that the model takes; they are loaded unless this is set. */
  finite?: boolean | undefined;
  /** Gives the state dict's names in the model's terms, where another implementation calls the same layers otherwise. */
  rename?: ((state: StateDict) => (name: string) => string) | undefined;
}

export const LOAD_OPTIONS = ["strict", "ignore", "optional", "finite", "rename"] satisfies (keyof LoadOptions)[];

// PyTorch's step counter, and the running sums of MIT's synchronized batch norm.
const BUFFERS = new Set(["num_batches_tracked", "_tmp_running_mean", "_tmp_running_var", "_running_iter"]);

/**
 * Whether a tensor of this name is a counter or a running sum of batch norm's, which inference and a new training do without.
 *
 * @example
 * ```ts
 * import { isBookkeeping } from "@seg/checkpoint";
 *
 * console.log(isBookkeeping("layer1.0.bn1.num_batches_tracked"), isBookkeeping("layer1.0.bn1.running_mean")); // true false
 * ```
 */
export const isBookkeeping = (name: string): boolean => BUFFERS.has(name.slice(name.lastIndexOf(".") + 1));

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
 *   the same where it finds several copies of the model; `not-finite` where that is asked for; `option` for an option that there is not.
 *
 * @example
 * ```ts
 * import { loadWeights, stateDictOf } from "@seg/checkpoint";
 * import * as tf from "@tensorflow/tfjs";
 *
 * const build = () => tf.sequential({ layers: [tf.layers.dense({ name: "head", inputShape: [2], units: 1 })] });
 * const [trained, fresh] = [build(), build()];
 * console.log(loadWeights(fresh, await stateDictOf(trained)).loaded); // [ 'head.weight', 'head.bias' ]
 * ```
 */
export function loadWeights(model: tf.LayersModel, state: StateDict, options: LoadOptions = {}): LoadReport {
  const { pairs, report } = matchWeights(model, state, options);
  for (const [parameter, tensor] of pairs) write(parameter, tensor.data);
  return report;
}

/** {@link loadWeights} up to the writing. */
export function matchWeights(model: tf.LayersModel, given: StateDict, options: LoadOptions): WeightMatch {
  refuseUnknown(options, LOAD_OPTIONS, "the options of loadWeights");
  const { strict = true, ignore = () => false, optional = () => false, finite = false, rename } = options;
  const parameters = parametersOf(model);
  const known = new Set(parameters.map(({ name }) => name));
  const lacksHead = HEADS.filter((head) => !parameters.some(({ name }) => name.startsWith(head)));
  const translate = rename?.(given) ?? ((name: string) => name);
  const prefix = modulePrefix(new Map([...given].map(([old, tensor]) => [translate(old), tensor])), known, model.name);
  const isIgnored = (name: string): boolean =>
    ignore(name) ||
    (!known.has(name) &&
      (isBookkeeping(name) || beginsBeside(name) || lacksHead.some((head) => name.startsWith(head))));

  const state = new Map<string, NamedTensor>();
  const ignored: string[] = [];
  for (const [old, tensor] of given) {
    const name = translate(old);
    // Beside the module that this model is.
    if (!name.startsWith(prefix) || isIgnored(name.slice(prefix.length))) ignored.push(old);
    else state.set(name.slice(prefix.length), tensor);
  }
  const pairs: [Parameter, NamedTensor][] = [];
  const missing: string[] = [];
  const shapeMismatch: ShapeMismatch[] = [];
  for (const parameter of parameters) {
    const { name, shape } = parameter;
    const tensor = state.get(name);
    if (!tensor) missing.push(name);
    else if (!sameShape(shape, tensor.shape)) shapeMismatch.push({ name, expected: shape, received: tensor.shape });
    else pairs.push([parameter, tensor]);
  }
  const unexpected = [...state.keys()].filter((name) => !known.has(name));
  const report = { loaded: pairs.map(([{ name }]) => name), missing, unexpected, shapeMismatch, ignored };
  const wrong = {
    ...report,
    missing: missing.filter((name) => !optional(name, undefined)),
    shapeMismatch: shapeMismatch.filter((mismatch) => !optional(mismatch.name, mismatch)),
  };
  if (strict && wrong.missing.length + unexpected.length + wrong.shapeMismatch.length > 0) {
    const lacking = new Set(wrong.missing);
    refuseSkipped(given, (name) => lacking.has(translate(name).slice(prefix.length)));
    const line = describeMismatch(model.name, wrong);
    throw new CheckpointError("mismatch", line, { data: { model: model.name, report: wrong } });
  }
  if (finite) for (const [, tensor] of pairs) requireFinite(tensor);
  return { pairs, report };
}

/** @throws {CheckpointError} if a file has something other than a tensor where one is needed. */
function refuseSkipped(state: StateDict, isNeeded: (name: string) => boolean): void {
  const { skipped } = state as Partial<Checkpoint>;
  for (const [name, global] of skipped ?? []) {
    if (isNeeded(name)) throw refusal(new Opaque(global), quote(name));
  }
}

function write({ variable, toVariable }: Parameter, data: TensorData): void {
  const numbers =
    data instanceof BigInt64Array || data instanceof BigUint64Array ? Float64Array.from(data, Number) : data;
  tf.tidy(() => {
    variable.write(tf.tensor(toVariable(numbers), variable.shape as number[], variable.dtype));
  });
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}
