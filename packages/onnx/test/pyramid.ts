import { adaptiveAvgPool2d, conv2d, conv2dOverResized, maxPool2d, resizeLike } from "@seg/layers";
import { batchNormalization } from "@seg/sync-bn";
import { apply, type X } from "./bodies.ts";

/** A small network with all that the networks are made of: a residual block, pooled cells, resized maps, a head over all of them. */
export function pyramid(x: X): X {
  const conv = (y: X, filters: number, more = {}) =>
    apply(conv2d({ filters, kernelSize: 3, padding: 1, useBias: false, ...more }), y);
  const norm = (y: X | X[]) => apply(batchNormalization({ activation: "relu" }), y);
  const pooled = apply(maxPool2d({ kernelSize: 3, strides: 2, padding: 1 }), norm(conv(x, 8)));
  const deep = norm([conv(norm(conv(pooled, 8, { groups: 8, dilations: 2, padding: 2 })), 8), pooled]);
  const cells = [1, 2, 3].map((bins) => norm(conv(apply(adaptiveAvgPool2d({ bins }), deep), 4)));
  const head = norm(apply(conv2dOverResized({ filters: 6, kernelSize: 3, padding: 1 }), [deep, ...cells]));
  return apply(conv2d({ filters: 5, kernelSize: 1 }), apply(resizeLike(), [head, x]));
}
