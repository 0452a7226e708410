import {
  describeEngines,
  EVALUATION_BOUNDS,
  expectNoComplaints,
  gradientComplaints,
  type ReferenceGradient,
  reference,
} from "@seg/testing";
import { describe, it } from "vitest";
import { buildNetwork, type Choice, PAIRS, valuesOf } from "./networks.ts";

/** A network's loss and gradients in evaluation mode, in float64. */
interface EvaluationReference {
  loss: number;
  gradients: Record<string, ReferenceGradient>;
}

const expected = reference<Record<string, EvaluationReference>>("gradients-eval.json");

/**
 * Compares gradients of networks with batch norm and dropout in evaluation mode with the reference: each parameter's, and the image's.
 *
 * @param names - Of the networks that an engine is tested with; none where it is not.
 */
export function describeEvaluationGradients(names: Choice): void {
  describe("the original's gradients", () => {
    describeEngines(
      "in evaluation mode",
      (engine) => {
        for (const pair of PAIRS.filter(({ name }) => names[engine]!(name))) {
          it(`of ${pair.name} are those of the reference, parameter by parameter`, { timeout: 600_000 }, async () => {
            const { loss, gradients } = expected[pair.name]!;
            const network = buildNetwork(pair, { evaluation: true });
            try {
              await expectNoComplaints((factor) => {
                const own = network.pass(factor);
                const complaints = gradientComplaints(valuesOf(own.gradients), gradients, EVALUATION_BOUNDS);
                const error = Math.abs(own.loss / loss - 1);
                return error < 1e-5 ? complaints : [`the loss: relative error ${error.toPrecision(3)}`, ...complaints];
              });
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
