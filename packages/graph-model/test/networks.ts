import { buildDecoder, type DecoderName, type RequiredFeatures } from "@seg/decoders";
import { buildEncoder, type EncoderName } from "@seg/encoders";
import { describeEngines, type Engine, fillMadeUp, tidyAsync } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { expect, it } from "vitest";
import { expectSame, image, opened } from "./made-up.ts";

export const NUM_CLASSES = 7;

/** An encoder with made-up weights. */
export function encoderOf(name: EncoderName) {
  const encoder = buildEncoder(name, { weights: "zeros" });
  fillMadeUp(encoder.model, "encoder", tf.tensor);
  return encoder;
}

/** A decoder over it with made-up weights. */
export function decoderOf(name: DecoderName, { featureInfo }: ReturnType<typeof encoderOf>): tf.LayersModel {
  const features = featureInfo as readonly unknown[] as RequiredFeatures[DecoderName];
  const { model } = buildDecoder(name, features, { weights: "zeros", numClasses: NUM_CLASSES });
  fillMadeUp(model, "decoder", tf.tensor);
  return model;
}

/** A suite of the first outputs of networks on images of odd sizes. */
export function describeNetworks(
  pairs: ReadonlyMap<EncoderName, readonly DecoderName[]>,
  size: [batch: number, height: number, width: number],
  engines: readonly Engine[],
): void {
  describeEngines(
    "the graph model of a network",
    () => {
      for (const [encoderName, decoderNames] of pairs) {
        it(`${encoderName} with ${decoderNames.join(", ")} gives what the network gives`, async () => {
          const encoder = encoderOf(encoderName);
          const x = image([...size, 3]);
          const maps = [encoder.model.predict(x)].flat() as tf.Tensor[];
          for (const name of decoderNames) {
            const decoder = decoderOf(name, encoder);
            const graph = await opened([encoder.model, decoder]);
            await tidyAsync(async () => {
              const expected = [decoder.predict(maps)].flat() as tf.Tensor[];
              const actual = [graph.predict(x)].flat() as tf.Tensor[];
              expect(actual.length, name).toBe(expected.length);
              for (const [i, y] of expected.entries()) await expectSame(actual[i]!, y);
            });
            graph.dispose();
            decoder.dispose();
          }
          tf.dispose([x, maps]);
          encoder.model.dispose();
        });
      }
    },
    engines,
  );
}
