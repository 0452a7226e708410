import type { Choice } from "./networks.ts";

/** What `npm test` takes of each suite; the campaign beside it takes others, or all when it is to be thorough. */
export const CHOSEN = {
  // One of each kind of encoder and decoder.
  gradients: {
    tensorflow: (name) => /^(mobilenetv2dilated.c1|resnet18dilated.ppm_|resnet50.upernet|hrnet)/.test(name),
    wasm: (name) => name.startsWith("mobilenetv2dilated+c1"),
  },
  // Depthwise convolutions, a pyramid, many resolutions.
  reference: {
    wasm: (name) => /^(mobilenetv2dilated.c1_|resnet18dilated.ppm_)/.test(name),
    tensorflow: (name) => /^(mobilenetv2dilated.c1_|resnet18dilated.ppm_|hrnetv2)/.test(name),
  },
  // Depthwise convolutions, a pyramid.
  training: {
    tensorflow: (name) => /^(mobilenetv2|resnet18)/.test(name),
    wasm: (name) => name.startsWith("mobilenetv2"),
  },
} as const satisfies Record<string, Choice>;

/** The networks of `all` that are not among the chosen ones. */
export function others(all: Choice, chosen: Choice): Choice {
  const rest = Object.entries(all) as [keyof Choice, (name: string) => boolean][];
  return Object.fromEntries(
    rest.map(([engine, takes]) => [engine, (name: string) => takes(name) && !chosen[engine]?.(name)]),
  );
}
