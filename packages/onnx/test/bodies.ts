import { describeEngines } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { describe, it } from "vitest";
import { expectSame, filled } from "./compare.ts";

export type X = tf.SymbolicTensor;

/** What a graph of layers makes of an image of five channels. */
export type Body = (x: X) => X | X[];

export const apply = (layer: tf.layers.Layer, x: X | X[]) => layer.apply(x) as X;

/** Layers one after the other. */
export const chain =
  (...layers: (() => tf.layers.Layer)[]): Body =>
  (x) =>
    layers.reduce((y, layer) => apply(layer(), y), x);

/** A layer that TF.js has and does not type. */
export const rescaling = (scale: number, offset = 0) =>
  (tf.layers as unknown as { rescaling(args: object): tf.layers.Layer }).rescaling({ scale, offset });

/** A model of a body, with made-up weights. */
export function modelOf(body: Body): tf.LayersModel {
  const image = tf.input({ shape: [null, null, 5] });
  return filled(tf.model({ inputs: image, outputs: body(image) }));
}

/** Images of odd sizes, one of them in a batch of two. */
const IMAGES = [
  [1, 7, 11, 5],
  [2, 6, 9, 5],
] as const;

/** Tests that files of these bodies give what the models themselves give on plain JavaScript, TF.js's most complete engine. */
export function describeBodies(title: string, groups: Record<string, Record<string, Body>>): void {
  describeEngines(title, () => {
    for (const [group, bodies] of Object.entries(groups)) {
      describe(group, () => {
        for (const [name, body] of Object.entries(bodies)) {
          it(`${name}.`, async () => {
            const model = modelOf(body);
            await expectSame(model, IMAGES);
            model.dispose();
          });
        }
      });
    }
  }, ["cpu"]);
}
