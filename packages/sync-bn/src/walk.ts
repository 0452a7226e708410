import type * as tf from "@tensorflow/tfjs";

/** What models and wrappers hold, which TF.js does not declare on a layer. */
interface Nesting {
  layers?: tf.layers.Layer[];
  layer?: tf.layers.Layer;
  forwardLayer?: tf.layers.Layer;
  backwardLayer?: tf.layers.Layer;
}

/** The layers right inside a model (all of them) or a wrapper such as `timeDistributed`; none for any other layer. */
export function inside(layer: tf.layers.Layer): tf.layers.Layer[] {
  const { layers, layer: wrapped, forwardLayer, backwardLayer } = layer as unknown as Nesting;
  return layers ?? [forwardLayer, backwardLayer, wrapped].filter((part) => part !== undefined);
}

/** A layer and all those inside it, each once. */
export function everyLayer(layer: tf.layers.Layer, seen = new Set<tf.layers.Layer>()): Set<tf.layers.Layer> {
  if (!seen.has(layer)) {
    seen.add(layer);
    for (const part of inside(layer)) everyLayer(part, seen);
  }
  return seen;
}
