import { buildDecoder, type DecoderName, type RequiredFeatures } from "@seg/decoders";
import { buildEncoder, type EncoderName } from "@seg/encoders";
import { describeEngines, type Engine, fillMadeUp, reference } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { it } from "vitest";
import { expectSame } from "./compare.ts";

interface Pair {
  name: string;
  encoder: EncoderName;
  decoder: DecoderName;
}

/** The pairs that the reference has values of. */
const PAIRS = reference<Pair[]>("models.json");

/** Tests that files of the chosen networks, with made-up weights and statistics, give what the networks give. */
export function describeNetworks(
  isChosen: (name: string) => boolean,
  shapes: readonly (readonly number[])[],
  engine: Engine,
  options: Parameters<typeof expectSame>[2] = {},
): void {
  describeEngines("an ONNX file gives what the network gives:", () => {
    for (const { name, encoder, decoder } of PAIRS.filter((pair) => isChosen(pair.name))) {
      it(`${name}.`, async () => {
        const { model: first, featureInfo } = buildEncoder(encoder, { weights: "zeros" });
        const features = featureInfo as readonly unknown[] as RequiredFeatures[DecoderName];
        const { model: second } = buildDecoder(decoder, features, { weights: "zeros", numClasses: 7 });
        fillMadeUp(first, "encoder", tf.tensor);
        fillMadeUp(second, "decoder", tf.tensor);
        await expectSame([first, second], shapes, { tolerance: 1e-4, ...options });
        first.dispose();
        second.dispose();
      });
    }
  }, [engine]);
}
