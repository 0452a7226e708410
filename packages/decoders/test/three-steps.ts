import { GroupedOptimizer } from "@seg/layers";
import {
  describeEngines,
  expectNoComplaints,
  gradientComplaints,
  lossBound,
  norm,
  type ReferenceGradient,
  reference,
  TRAINING_BOUNDS,
} from "@seg/testing";
import { describe, it } from "vitest";
import { buildNetwork, type Choice, PAIRS, type Pair, valuesOf } from "./networks.ts";

/** What `models.json` says of the pairs that it has trained, in float32. */
interface TrainedPair extends Pair {
  train: {
    lr: number;
    momentum: number;
    weight_decay: number;
    steps: { loss: number; acc: number }[];
    norms_after_3_steps: Record<string, number>;
  };
}

/** The first step's gradients in float64, and the losses of all steps. */
interface TrainingReference {
  loss_float64: number[];
  loss_float32: number[];
  gradients: Record<string, ReferenceGradient>;
}

const expected = reference<Record<string, TrainingReference>>("gradients.json");
const pairs = PAIRS.filter((pair): pair is TrainedPair => "train" in pair);

/** The reference's three steps from its made-up weights, on its image times `factor`; gives the complaints. */
function threeSteps(pair: TrainedPair, network: ReturnType<typeof buildNetwork>, factor: number): string[] {
  const { lr, momentum, weight_decay, steps, norms_after_3_steps } = pair.train;
  const { loss_float64, loss_float32, gradients } = expected[pair.name]!;
  network.reset();
  const trained = Array.from(network.variables).filter(([name]) => name in gradients);
  const group = (decays: boolean) =>
    trained.filter(([, { rank }]) => (rank === 4) === decays).map(([, variable]) => variable);
  const optimizer = new GroupedOptimizer(
    [
      { variables: group(true), learningRate: lr, weightDecay: weight_decay },
      { variables: group(false), learningRate: lr },
    ],
    { name: "sgd", momentum },
  );
  const complaints: string[] = [];
  const judge = (what: string, error: number, bound: number) => {
    if (!(error <= bound)) complaints.push(`${what}: error ${error.toPrecision(3)}, bound ${bound.toPrecision(3)}`);
  };
  for (const [i, expectedLoss] of loss_float64.entries()) {
    const own = network.pass(factor);
    own.gradients.get("image")!.dispose();
    own.gradients.delete("image");
    optimizer.applyGradients(
      trained.map(([name, variable]) => ({ name: variable.name, tensor: own.gradients.get(name)! })),
    );
    const values = valuesOf(own.gradients);
    if (i === 0) complaints.push(...gradientComplaints(values, gradients, TRAINING_BOUNDS));
    judge(`loss ${i}`, Math.abs(own.loss - expectedLoss), lossBound(expectedLoss, loss_float32[i]!));
    judge(`accuracy ${i}`, Math.abs(own.accuracy - steps[i]!.acc), i === 0 ? 0.002 : 0.05);
    // A pass that has failed takes no further step.
    if (complaints.length > 0) break;
  }
  const { times, floor } = TRAINING_BOUNDS;
  const errors = Object.values(gradients).map(({ float32_error }) => float32_error);
  const usual = errors.sort((a, b) => a - b)[errors.length >> 1]!;
  for (const [name, expectedNorm] of complaints.length > 0 ? [] : Object.entries(norms_after_3_steps)) {
    const variable = network.variables.get(name)!;
    const error = Math.abs(norm(variable.dataSync() as Float32Array) - expectedNorm);
    const gradient = gradients[name];
    // A parameter may be off by what its steps are, with their momentum; of them only the first is known.
    const moved = gradient && lr * (3 + 2 * momentum + momentum ** 2) * gradient.norm;
    // Statistics are exact but for the weights of the second and third step.
    const bound = gradient ? 2 * (times * gradient.float32_error + floor) * moved! : (3 * usual + 0.005) * expectedNorm;
    judge(`norm of ${name}`, error, bound + 1e-5 * expectedNorm);
  }
  optimizer.dispose();
  return complaints;
}

/**
 * Compares three training steps of networks with the reference.
 *
 * @param names - Of the networks that an engine is tested with; none where it is not.
 */
export function describeTraining(names: Choice): void {
  describe("the original's training", () => {
    describeEngines(
      "three steps",
      (engine) => {
        for (const pair of pairs.filter(({ name }) => names[engine]!(name))) {
          it(`of ${pair.name} give the reference's losses, gradients, parameters and statistics`, {
            timeout: 600_000,
          }, async () => {
            const network = buildNetwork(pair, { evaluation: false });
            try {
              await expectNoComplaints((factor) => threeSteps(pair, network, factor));
            } finally {
              network.dispose();
            }
          });
        }
      },
      Object.keys(names) as (keyof Choice)[],
    );
  });
}
