import * as tf from "@tensorflow/tfjs";
import { LayersError } from "./errors.ts";

/** A parameter group: variables with one learning rate and weight decay, as in PyTorch's optimizers. */
export interface ParameterGroup {
  variables: readonly tf.Variable[];
  /** This group's rate for the next update; may be changed between updates. */
  learningRate: number;
  /** L2 penalty: this times the parameters is added to their gradient. Default 0. */
  weightDecay?: number;
}

/** The optimization algorithm with its hyperparameters. */
export type UpdateRule =
  | {
      /** a ← momentum·a + g; w ← w − rate·a, PyTorch's with dampening 0. */
      name: "sgd";
      /** In [0, 1). */
      momentum: number;
    }
  | {
      /** Kingma and Ba, Adam, ICLR 2015; weight decay is part of the gradient, as in PyTorch's `Adam`. */
      name: "adam";
      /** Default 0.9. */
      beta1?: number;
      /** Default 0.999. */
      beta2?: number;
      /** Default 1e-8. */
      epsilon?: number;
    };

/** A group, and the optimizer's state of each of its variables: SGD's momentum, or Adam's two moments. */
interface GroupState {
  group: ParameterGroup;
  moments: tf.Tensor[][];
}

/**
 * SGD with momentum, or Adam, with parameter groups. Variables are updated one after the other, so that what one update reads and writes
 * stays in the processor's cache between its operations.
 */
export class GroupedOptimizer {
  readonly #rule: UpdateRule;
  readonly #states: GroupState[];
  #updates = 0;

  /**
   * @param groups - No variable twice.
   * @throws {LayersError} if a variable stands in two groups.
   */
  constructor(groups: readonly ParameterGroup[], rule: UpdateRule) {
    const ids = groups.flatMap(({ variables }) => variables.map(({ id }) => id));
    if (new Set(ids).size !== ids.length) {
      throw new LayersError("option", "Expected each variable in one parameter group but one stands in two.");
    }
    this.#rule = rule;
    const count = rule.name === "sgd" ? 1 : 2;
    this.#states = groups
      .filter(({ variables }) => variables.length > 0)
      .map((group) => ({
        group,
        moments: group.variables.map((variable) =>
          Array.from({ length: count }, () => tf.keep(tf.zerosLike(variable))),
        ),
      }));
  }

  /** How many updates have been made. */
  get updates(): number {
    return this.#updates;
  }

  /** The variables of all groups, in the order in which {@link update} takes their gradients. */
  get variables(): tf.Variable[] {
    return this.#states.flatMap(({ group }) => group.variables);
  }

  /**
   * One optimizer step.
   *
   * @param gradients - One for each of `variables`, in their order; stay the caller's.
   * @param clipNorm - Gradient clipping by global norm: where the Euclidean norm of all gradients together is larger, they are scaled down
   *   to it. Default: never.
   * @param combine - Called with each group's gradients as one flat tensor, before clipping; what it gives is used instead. Replicas
   *   all-reduce here.
   * @throws {LayersError} if the gradients are not the variables' in number and shape; then no variable has changed.
   */
  update(
    gradients: readonly tf.Tensor[],
    clipNorm = Number.POSITIVE_INFINITY,
    combine?: (gradient: tf.Tensor1D) => tf.Tensor1D,
  ): void {
    const { variables } = this;
    const wrong = variables.findIndex(({ shape }, i) => String(shape) !== String(gradients[i]?.shape));
    if (wrong >= 0 || gradients.length !== variables.length) {
      const came =
        gradients.length === variables.length
          ? `[${gradients[wrong]!.shape}] for [${variables[wrong]!.shape}] (${variables[wrong]!.name})`
          : `${gradients.length}`;
      throw new LayersError(
        "shape",
        `Expected ${variables.length} gradients, each of its variable's shape, but received ${came}: pass them in the order of \`variables\`.`,
      );
    }
    this.#updates++;
    tf.tidy(() => {
      let start = 0;
      const own = this.#states.map(({ group }) => {
        const part = gradients.slice(start, start + group.variables.length);
        start += part.length;
        return combine ? combineFlat(part, combine) : part;
      });
      const scale = Number.isFinite(clipNorm) ? clipScale(own.flat(), clipNorm) : undefined;
      this.#states.forEach((state, i) => {
        this.#updateGroup(state, own[i]!, scale);
      });
    });
  }

  /** How many numbers each of {@link moments}' tensors holds. */
  get momentSizes(): number[] {
    return this.#states.flatMap(({ group, moments }) => {
      const size = group.variables.reduce((sum, variable) => sum + variable.size, 0);
      return moments[0]!.map(() => size);
    });
  }

  /** The optimizer's state, to save beside the parameters: flat tensors in a fixed order, which the caller disposes. */
  moments(): tf.Tensor1D[] {
    return this.#states.flatMap(({ moments }) => moments[0]!.map((_, k) => flatten(moments.map((own) => own[k]!))));
  }

  /**
   * Restores a saved optimizer's state.
   *
   * @param moments - As {@link moments} gave them; stay the caller's.
   * @throws {LayersError} if they are of other parameters.
   */
  restore(moments: readonly tf.Tensor[], updates: number): void {
    const expected = this.momentSizes;
    if (moments.length !== expected.length || moments.some(({ size }, i) => size !== expected[i])) {
      throw new LayersError(
        "shape",
        `Expected an optimizer's moments of sizes ${expected} but received ${moments.map(({ size }) => size)}.`,
      );
    }
    this.#updates = updates;
    let next = 0;
    for (const state of this.#states) {
      const parts = state.moments[0]!.map(() =>
        unflatten(moments[next++] as tf.Tensor1D, state.group.variables).map((part) => tf.keep(part)),
      );
      tf.dispose(state.moments);
      state.moments = state.group.variables.map((_, i) => parts.map((part) => part[i]!));
    }
  }

  /** Frees the optimizer's state; the variables stay. */
  dispose(): void {
    for (const { moments } of this.#states) tf.dispose(moments);
  }

  #updateGroup({ group, moments }: GroupState, gradients: readonly tf.Tensor[], scale: tf.Tensor | undefined): void {
    const { variables, learningRate, weightDecay = 0 } = group;
    const step =
      this.#rule.name === "sgd" ? sgd(this.#rule, learningRate) : adam(this.#rule, learningRate, this.#updates);
    const decay = tf.scalar(weightDecay);
    variables.forEach((variable, i) => {
      tf.tidy(() => {
        const clipped = scale ? gradients[i]!.mul(scale) : gradients[i]!;
        const [next, ...own] = step(variable, weightDecay ? clipped.add(variable.mul(decay)) : clipped, moments[i]!);
        tf.dispose(moments[i]!);
        moments[i] = own.map((moment) => tf.keep(moment));
        variable.assign(next!);
      });
    });
  }
}

/** Gives the next parameters, then the next moments. */
type Step = (parameters: tf.Tensor, gradient: tf.Tensor, moments: tf.Tensor[]) => tf.Tensor[];

function sgd({ momentum }: UpdateRule & { name: "sgd" }, learningRate: number): Step {
  const [decay, rate] = [tf.scalar(momentum), tf.scalar(learningRate)];
  return (parameters, gradient, [velocity]) => {
    const next = velocity!.mul(decay).add(gradient);
    return [parameters.sub(next.mul(rate)), next];
  };
}

function adam(
  { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: UpdateRule & { name: "adam" },
  learningRate: number,
  updates: number,
): Step {
  const average = (old: tf.Tensor, beta: number, value: tf.Tensor) => old.mul(beta).add(value.mul(1 - beta));
  return (parameters, gradient, [first, second]) => {
    const [mean, square] = [average(first!, beta1, gradient), average(second!, beta2, gradient.square())];
    const deviation = square
      .div(1 - beta2 ** updates)
      .sqrt()
      .add(epsilon);
    return [parameters.sub(mean.mul(learningRate / (1 - beta1 ** updates)).div(deviation)), mean, square];
  };
}

/** Tensors one behind the other, as one. */
const flatten = (tensors: readonly tf.Tensor[]): tf.Tensor1D =>
  tf.tidy(() => (tensors.length === 1 ? tensors[0]!.flatten().clone() : tf.concat1d(tensors.map((t) => t.flatten()))));

/** A flat tensor as tensors of the shapes of others. */
const unflatten = (flat: tf.Tensor1D, like: readonly tf.Tensor[]): tf.Tensor[] =>
  tf.tidy(() =>
    tf
      .split(
        flat.flatten(),
        like.map(({ size }) => size),
      )
      .map((part, i) => part.reshape(like[i]!.shape)),
  );

function combineFlat(gradients: readonly tf.Tensor[], combine: (gradient: tf.Tensor1D) => tf.Tensor1D): tf.Tensor[] {
  const flat = flatten(gradients);
  const combined = combine(flat);
  if (combined !== flat) flat.dispose();
  const parts = unflatten(combined, gradients);
  combined.dispose();
  return parts;
}

/** What gradients are multiplied by so that their norm together is at most `most`. */
function clipScale(gradients: readonly tf.Tensor[], most: number): tf.Tensor {
  if (gradients.length === 0) return tf.scalar(1);
  const norm = tf.sqrt(tf.addN(gradients.map((g) => g.square().sum())));
  return tf.minimum(tf.scalar(most).div(norm.add(1e-6)), 1);
}
