import * as tf from "@tensorflow/tfjs";
import { badOption, LayersError, type LayersErrorData, oneOf, refuseUnknown } from "./errors.ts";

/** A tensor and its name, as TF.js's optimizers give and take them. */
export type NamedTensor = Awaited<ReturnType<tf.Optimizer["getWeights"]>>[number];

/** Variables that are trained alike. */
export interface ParameterGroup {
  variables: readonly tf.Variable[];
  /** This group's rate for the next update; may be changed between updates. */
  learningRate: number;
  /** Times the parameters themselves, added to their gradient. Default 0. */
  weightDecay?: number;
}

/** How parameters follow their gradients: the update rule. */
export type UpdateRule =
  | {
      /** a ← momentum·a + g; w ← w − rate·a, PyTorch's with dampening 0. */
      name: "sgd";
      /** In [0, 1). Default 0. */
      momentum?: number;
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

/** A parameter group, and the optimizer's state for each of its variables: SGD's momentum, or Adam's two moments. */
interface GroupState {
  group: ParameterGroup;
  moments: tf.Tensor[][];
}

/** Names of the moments, as {@link GroupedOptimizer.getWeights} has them. */
const MOMENTS = { sgd: ["momentum"], adam: ["m", "v"] } as const;

/** Options of {@link GroupedOptimizer}. */
export interface GroupedOptimizerOptions {
  /** Where the Euclidean norm of all gradients together is larger, they are scaled down to it. Default: never. */
  clipNorm?: number | undefined;
}

/**
 * SGD with momentum, or Adam, with parameter groups: a `tf.Optimizer`, for loops of one's own and for `model.compile`. Variables are updated
 * one after the other, so that what one update reads and writes stays in the processor's cache between its operations.
 *
 * @example
 * ```ts
 * import { GroupedOptimizer } from "@seg/layers";
 * import * as tf from "@tensorflow/tfjs";
 *
 * const [kernel, bias] = [tf.variable(tf.scalar(3)), tf.variable(tf.scalar(3))];
 * const groups = [
 *   { variables: [kernel], learningRate: 0.5, weightDecay: 0.1 },
 *   { variables: [bias], learningRate: 1 },
 * ];
 * const optimizer = new GroupedOptimizer(groups, { name: "sgd" });
 * // Both gradients are 1: 3 - 0.5 · (1 + 0.1 · 3), and 3 - 1 · 1.
 * optimizer.minimize(() => kernel.add(bias).asScalar());
 * console.log(kernel.dataSync()[0]?.toFixed(2), bias.dataSync()[0]?.toFixed(2)); // 2.35 2.00
 * ```
 */
export class GroupedOptimizer extends tf.Optimizer {
  static className = "SegGroupedOptimizer";
  readonly #rule: UpdateRule;
  readonly #clipNorm: number | undefined;
  readonly #states: GroupState[];

  /**
   * @param groups - No variable twice. A group's learning rate and weight decay may be changed between updates.
   * @throws {LayersError} `option` if a variable stands in two groups, or for a rule or an option that there is not.
   */
  constructor(groups: readonly ParameterGroup[], rule: UpdateRule, options: GroupedOptimizerOptions = {}) {
    super();
    checkRule(rule);
    refuseUnknown(options, ["clipNorm"], "an option of the optimizer");
    const { clipNorm } = options;
    if (clipNorm !== undefined && !(clipNorm > 0)) {
      throw badOption("clipNorm", clipNorm, { expected: "clipNorm > 0", received: `${clipNorm}` });
    }
    for (const group of groups) checkGroup(group);
    const ids = groups.flatMap(({ variables }) => variables.map(({ id }) => id));
    if (new Set(ids).size !== ids.length) {
      throw new LayersError("option", { expected: "each variable in one parameter group", but: "one stands in two" });
    }
    this.#rule = rule;
    this.#clipNorm = clipNorm;
    this.#states = groups
      .filter(({ variables }) => variables.length > 0)
      .map((group) => ({
        group,
        moments: group.variables.map((variable) => MOMENTS[rule.name].map(() => tf.keep(tf.zerosLike(variable)))),
      }));
  }

  /** The variables of all groups. */
  get variables(): tf.Variable[] {
    return this.#states.flatMap(({ group }) => group.variables);
  }

  /** As of any `tf.Optimizer`, by default for the variables of the groups. */
  override computeGradients(f: () => tf.Scalar, varList: tf.Variable[] = this.variables) {
    return super.computeGradients(f, varList);
  }

  /**
   * Moves the variables against their gradients.
   *
   * @param gradients - By the variables' names, as `tf.variableGrads` and `trainingModel` give them; a variable without one stays as it is.
   *   They stay the caller's.
   * @throws {LayersError} `shape` if a gradient is of another shape than its variable, or of no variable here; then nothing has moved.
   */
  applyGradients(gradients: tf.NamedTensorMap | NamedTensor[]): void {
    const byName: tf.NamedTensorMap = Array.isArray(gradients)
      ? Object.fromEntries(gradients.map(({ name, tensor }) => [name, tensor]))
      : gradients;
    this.#check(byName);
    for (const { group } of this.#states) checkRates(group);
    this.incrementIterations();
    tf.tidy(() => {
      const given = Object.values(byName).filter((gradient) => gradient);
      const scale = this.#clipNorm === undefined ? undefined : clipScale(given, this.#clipNorm);
      for (const state of this.#states) this.#updateGroup(state, byName, scale);
    });
  }

  #check(gradients: tf.NamedTensorMap): void {
    const { variables } = this;
    const names = new Set(variables.map(({ name }) => name));
    const wrong = (but: string, data: Partial<LayersErrorData>) =>
      new LayersError(
        "shape",
        { expected: `gradients of the optimizer's ${variables.length} variables`, but },
        { data },
      );
    for (const name of Object.keys(gradients)) {
      if (!names.has(name)) throw wrong(`received one of ${name}, which is in no parameter group`, { received: name });
    }
    for (const { name, shape } of variables) {
      const gradient = gradients[name];
      if (gradient && String(gradient.shape) !== String(shape)) {
        const data = { expected: shape, received: gradient.shape };
        throw wrong(`received [${gradient.shape}] for ${name} [${shape}]`, data);
      }
    }
  }

  /**
   * What the next update depends on besides the variables: `iter`, then each group's moments, variable by variable. As they are now, whatever
   * is updated later; the caller disposes them.
   */
  override async getWeights(): Promise<NamedTensor[]> {
    const own = this.#states.flatMap(({ group, moments }) =>
      MOMENTS[this.#rule.name].flatMap((moment, k) =>
        group.variables.map(({ name }, i) => ({ name: `${name}/${moment}`, tensor: moments[i]![k]!.clone() })),
      ),
    );
    return [await this.saveIterations(), ...own];
  }

  /**
   * Takes up where a saved optimizer was.
   *
   * @param weights - As {@link getWeights} gave them, in that order, whatever their names; stay the caller's.
   * @throws {LayersError} `shape` if they are of other variables or of another rule; then nothing has changed.
   */
  override async setWeights(weights: NamedTensor[]): Promise<void> {
    const [iterations, ...rest] = weights;
    const expected = this.#states.flatMap(({ group }) =>
      MOMENTS[this.#rule.name].flatMap(() => group.variables.map(({ size }) => size)),
    );
    const received = rest.map(({ tensor }) => tensor.size);
    if (!iterations || String(expected) !== String(received)) {
      throw new LayersError(
        "shape",
        { expected: `an optimizer's moments of sizes ${expected}`, received: `${received}` },
        { data: { expected, received } },
      );
    }
    this.iterations_ = Number((await iterations.tensor.data())[0]);
    let next = 0;
    for (const state of this.#states) {
      const before = state.moments;
      const { variables } = state.group;
      const byMoment = MOMENTS[this.#rule.name].map(() =>
        variables.map(({ shape }) => tf.keep(rest[next++]!.tensor.reshape(shape))),
      );
      state.moments = variables.map((_, i) => byMoment.map((own) => own[i]!));
      tf.dispose(before);
    }
  }

  /**
   * What `model.save` asks for with `includeOptimizer`, and could not read again: groups are made of variables.
   *
   * @throws {LayersError} `model`
   */
  getConfig(): tf.serialization.ConfigDict {
    throw new LayersError("model", {
      expected: "an optimizer that can be saved with a model",
      but: "parameter groups cannot be",
      hint: "leave includeOptimizer out, and save what getWeights gives",
    });
  }

  /** Frees what the optimizer holds; the variables stay. */
  override dispose(): void {
    for (const { moments } of this.#states) tf.dispose(moments);
  }

  #updateGroup({ group, moments }: GroupState, gradients: tf.NamedTensorMap, scale: tf.Tensor | undefined): void {
    const { variables, learningRate, weightDecay = 0 } = group;
    const step =
      this.#rule.name === "sgd" ? sgd(this.#rule, learningRate) : adam(this.#rule, learningRate, this.iterations);
    const decay = tf.scalar(weightDecay);
    variables.forEach((variable, i) => {
      const gradient = gradients[variable.name];
      if (!gradient) return;
      tf.tidy(() => {
        const clipped = scale ? gradient.mul(scale) : gradient;
        const [next, ...own] = step(variable, weightDecay ? clipped.add(variable.mul(decay)) : clipped, moments[i]!);
        tf.dispose(moments[i]!);
        moments[i] = own.map((moment) => tf.keep(moment));
        variable.assign(next!);
      });
    });
  }
}

function checkGroup(group: ParameterGroup): void {
  refuseUnknown(group, ["variables", "learningRate", "weightDecay"], "an option of a parameter group");
  const wrong: unknown = [group.variables].flat().find((variable) => !(variable instanceof tf.Variable));
  if (wrong !== undefined || !Array.isArray(group.variables)) {
    throw badOption("variables", typeof wrong, {
      expected: "an array of tf.Variable in a parameter group",
      received: wrong === undefined ? "none" : `a ${(wrong as object)?.constructor?.name ?? wrong}`,
      hint: "those of a model are model.trainableWeights.map((weight) => weight.read())",
    });
  }
  checkRates(group);
}

function checkRates({ learningRate, weightDecay = 0 }: ParameterGroup): void {
  for (const [option, value] of Object.entries({ learningRate, weightDecay })) {
    if (typeof value === "number" && value >= 0 && Number.isFinite(value)) continue;
    throw badOption(option, value, { expected: `${option}: a number ≥ 0`, received: `${value}` });
  }
}

function checkRule(rule: UpdateRule): void {
  if (typeof rule !== "object" || rule === null) {
    throw badOption("rule", rule, {
      expected: 'a rule such as { name: "sgd", momentum: 0.9 }',
      received: `${rule}`,
    });
  }
  oneOf("name", rule.name, Object.keys(MOMENTS) as UpdateRule["name"][]);
  const own = rule.name === "sgd" ? ["momentum"] : ["beta1", "beta2", "epsilon"];
  refuseUnknown(rule, ["name", ...own], `an option of the rule ${rule.name}`);
  for (const [option, value] of Object.entries(rule)) {
    if (option === "name" || value === undefined) continue;
    const isRate = option !== "epsilon";
    if (typeof value === "number" && value >= 0 && (!isRate || value < 1)) continue;
    throw badOption(option, value, {
      expected: isRate ? `${option} in [0, 1)` : `${option} ≥ 0`,
      received: `${value}`,
    });
  }
}

/** Gives the next parameters, then the next moments. */
type Step = (parameters: tf.Tensor, gradient: tf.Tensor, moments: tf.Tensor[]) => tf.Tensor[];

function sgd({ momentum = 0 }: UpdateRule & { name: "sgd" }, learningRate: number): Step {
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

/** What gradients are multiplied by so that their norm together is at most `most`. */
function clipScale(gradients: readonly tf.Tensor[], most: number): tf.Tensor {
  if (gradients.length === 0) return tf.scalar(1);
  const norm = tf.sqrt(tf.addN(gradients.map((g) => g.square().sum())));
  return tf.minimum(tf.scalar(most).div(norm.add(1e-6)), 1);
}
