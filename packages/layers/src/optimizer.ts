import * as tf from "@tensorflow/tfjs";
import { LayersError } from "./errors.ts";

/** Variables that are trained alike. */
export interface ParameterGroup {
  variables: readonly tf.Variable[];
  /** This group's rate for the next update; may be changed between updates. */
  learningRate: number;
  /** Times the parameters themselves, added to their gradient. Default 0. */
  weightDecay?: number;
}

/** How parameters follow their gradients. */
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

/** One group as flat tensors: parameters, and what the rule remembers of earlier gradients. */
interface Flat {
  group: ParameterGroup;
  sizes: number[];
  parameters: tf.Tensor1D;
  memory: tf.Tensor1D[];
}

/**
 * SGD with momentum, or Adam, with parameter groups. A group is one flat tensor, so that an update is a handful of operations
 * in all instead of a handful for each variable.
 */
export class GroupedOptimizer {
  readonly #rule: UpdateRule;
  readonly #flats: Flat[];
  #updates = 0;

  /**
   * @param groups - No variable twice. From here on the variables are changed by {@link update} alone.
   * @throws {LayersError} if a variable stands in two groups.
   */
  constructor(groups: readonly ParameterGroup[], rule: UpdateRule) {
    const ids = groups.flatMap(({ variables }) => variables.map(({ id }) => id));
    if (new Set(ids).size !== ids.length) {
      throw new LayersError("option", "Expected each variable in one parameter group but one stands in two.");
    }
    this.#rule = rule;
    this.#flats = groups
      .filter(({ variables }) => variables.length > 0)
      .map((group) => {
        const parameters = flatten(group.variables);
        const memory = Array.from({ length: rule.name === "sgd" ? 1 : 2 }, () => tf.zerosLike(parameters));
        return { group, sizes: group.variables.map(({ size }) => size), parameters, memory };
      });
  }

  /** How many updates have been made. */
  get updates(): number {
    return this.#updates;
  }

  /** The variables of all groups, in the order in which {@link update} takes their gradients. */
  get variables(): tf.Variable[] {
    return this.#flats.flatMap(({ group }) => group.variables);
  }

  /**
   * Moves the variables against their gradients.
   *
   * @param gradients - One for each of `variables`, in their order; stay the caller's.
   * @param clipNorm - Where the Euclidean norm of all gradients together is larger, they are scaled down to it. Default: never.
   * @param combine - Called with each group's gradient as one flat tensor, before clipping; what it gives is used instead. Here replicas sum
   *   theirs, without another copy of them.
   */
  update(
    gradients: readonly tf.Tensor[],
    clipNorm = Number.POSITIVE_INFINITY,
    combine: (gradient: tf.Tensor1D) => tf.Tensor1D = (gradient) => gradient,
  ): void {
    this.#updates++;
    tf.tidy(() => {
      let start = 0;
      let flats = this.#flats.map(({ sizes }) => {
        const own = gradients.slice(start, start + sizes.length);
        start += sizes.length;
        const flat = flatten(own);
        const combined = combine(flat);
        if (combined !== flat) flat.dispose();
        return combined;
      });
      if (Number.isFinite(clipNorm)) flats = clip(flats, clipNorm);
      this.#flats.forEach((flat, i) => {
        this.#updateGroup(flat, flats[i]!);
      });
    });
  }

  /** What the rule remembers, to save beside the parameters: flat tensors in a fixed order; they stay the optimizer's. */
  get memory(): readonly tf.Tensor1D[] {
    return this.#flats.flatMap(({ memory }) => memory);
  }

  /**
   * Takes up where a saved optimizer was.
   *
   * @param memory - As {@link memory} gave it; stays the caller's.
   * @throws {LayersError} if it is of other parameters.
   */
  restore(memory: readonly tf.Tensor[], updates: number): void {
    const expected = this.memory.map(({ size }) => size);
    if (memory.length !== expected.length || memory.some(({ size }, i) => size !== expected[i])) {
      throw new LayersError(
        "shape",
        `Expected an optimizer's memory of sizes ${expected} but received ${memory.map(({ size }) => size)}.`,
      );
    }
    this.#updates = updates;
    let next = 0;
    for (const flat of this.#flats) {
      tf.dispose(flat.memory);
      flat.memory = flat.memory.map(() => memory[next++]!.clone() as tf.Tensor1D);
      flat.parameters.dispose();
      flat.parameters = flatten(flat.group.variables);
    }
  }

  /** Frees what the optimizer holds; the variables stay. */
  dispose(): void {
    for (const { parameters, memory } of this.#flats) tf.dispose([parameters, ...memory]);
  }

  #updateGroup(flat: Flat, gradient: tf.Tensor1D): void {
    const { group, sizes, parameters } = flat;
    const { learningRate, weightDecay = 0 } = group;
    const [next, memory] = tf.tidy(() => {
      const g = weightDecay ? gradient.add<tf.Tensor1D>(parameters.mul(weightDecay)) : gradient;
      const memory = this.#remember(flat.memory, g);
      return [parameters.sub(this.#step(memory, learningRate)), memory] as [tf.Tensor1D, tf.Tensor1D[]];
    });
    tf.dispose([parameters, ...flat.memory]);
    flat.parameters = tf.keep(next);
    flat.memory = memory.map((tensor) => tf.keep(tensor));
    tf.tidy(() => {
      tf.split(next, sizes).forEach((part, i) => {
        const variable = group.variables[i]!;
        variable.assign(part.reshape(variable.shape));
      });
    });
  }

  #remember(memory: tf.Tensor1D[], g: tf.Tensor1D): tf.Tensor1D[] {
    const decay = (old: tf.Tensor1D, rate: number, value: tf.Tensor1D) => old.mul(rate).add<tf.Tensor1D>(value);
    if (this.#rule.name === "sgd") return [decay(memory[0]!, this.#rule.momentum, g)];
    const { beta1 = 0.9, beta2 = 0.999 } = this.#rule;
    return [decay(memory[0]!, beta1, g.mul(1 - beta1)), decay(memory[1]!, beta2, g.square().mul(1 - beta2))];
  }

  #step([first, second]: tf.Tensor1D[], rate: number): tf.Tensor1D {
    if (this.#rule.name === "sgd") return first!.mul(rate);
    const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = this.#rule;
    const deviation = second!
      .div(1 - beta2 ** this.#updates)
      .sqrt()
      .add(epsilon);
    return first!.mul(rate / (1 - beta1 ** this.#updates)).div(deviation);
  }
}

/** Tensors one behind the other, as one. */
const flatten = (tensors: readonly tf.Tensor[]): tf.Tensor1D =>
  tf.tidy(() => (tensors.length === 1 ? tensors[0]!.flatten().clone() : tf.concat1d(tensors.map((t) => t.flatten()))));

function clip(gradients: tf.Tensor1D[], most: number): tf.Tensor1D[] {
  const norm = tf.sqrt(tf.addN(gradients.map((g) => g.square().sum())));
  const scale = tf.minimum(tf.scalar(most).div(norm.add(1e-6)), 1);
  return gradients.map((g) => g.mul(scale));
}
