import type { StateDict } from "@seg/checkpoint";

/** Gives a name in MIT's terms. */
type Rename = (name: string) => string;

/**
 * Translates the names of other implementations of the encoders to MIT's, where the layers are the same: MobileNetV2 of torchvision and of
 * timm, and the residual networks with three 3×3 convolutions as their stem of timm (`resnet50s`) and others. The names of HRNet are timm's.
 *
 * @returns what gives each name of this state dict, whatever stands before it; names that are MIT's already stay.
 * @see torchvision/models/mobilenetv2.py; timm/models/_efficientnet_blocks.py and resnet.py; MIT's mit_semseg/models.
 */
export function encoderNames(state: StateDict): Rename {
  const names = [...state.keys()];
  const renames = [torchvisionMobileNet(names), timmMobileNet(names), deepStem(names)];
  return (name) => renames.reduce((translated, rename) => rename(translated), name);
}

/**
 * torchvision puts each convolution of a block, its batch norm and activation in a sequence of their own (`conv.1.0`, `conv.1.1`) and only
 * the last convolution and batch norm beside them (`conv.2`, `conv.3`); at MIT all are in one sequence, activations too.
 */
function torchvisionMobileNet(names: readonly string[]): Rename {
  const nested = new Map<string, Set<string>>();
  for (const name of names) {
    const [, block, outer] = /^(.*features\.\d+\.conv)\.(\d+)\.\d+\./.exec(name) ?? [];
    if (block) nested.set(block, (nested.get(block) ?? new Set()).add(outer!));
  }
  return (name) => {
    const [, block, outer, inner, rest] = /^(.*features\.\d+\.conv)\.(\d+)(?:\.(\d+))?\.(\w+)$/.exec(name) ?? [];
    const sequences = block === undefined ? undefined : nested.get(block)?.size;
    if (sequences === undefined) return name;
    const at = inner === undefined ? 3 * sequences + Number(outer) - sequences : 3 * Number(outer) + Number(inner);
    return `${block}.${at}.${rest}`;
  };
}

// The places of a block's layers in MIT's sequence, with and without the convolution that widens.
const WIDENED = { conv_pw: 0, bn1: 1, conv_dw: 3, bn2: 4, conv_pwl: 6, bn3: 7 };
const NARROW = { conv_dw: 0, bn1: 1, conv_pw: 3, bn2: 4 };
const AROUND = { conv_stem: "0.0", bn1: "0.1", conv_head: "18.0", bn2: "18.1" };

/** timm counts blocks within their stage (`blocks.2.1.conv_dw`) and names layers by what they do. */
function timmMobileNet(names: readonly string[]): Rename {
  if (!names.some((name) => /(^|\.)conv_stem\.weight$/.test(name))) return (name) => name;
  const blocks = new Map<string, { index: number; places: Readonly<Record<string, number>> }>();
  for (const name of names) {
    const [, block] = /(?:^|\.)(blocks\.\d+\.\d+)\.conv_dw\.weight$/.exec(name) ?? [];
    if (block === undefined) continue;
    const isWidened = names.some((other) => other.endsWith(`${block}.conv_pwl.weight`));
    blocks.set(block, { index: blocks.size + 1, places: isWidened ? WIDENED : NARROW });
  }
  return (name) => {
    const [, before, block, layer, rest] = /^(.*\.)?(blocks\.\d+\.\d+)\.(\w+)\.(\w+)$/.exec(name) ?? [];
    const found = block === undefined ? undefined : blocks.get(block);
    const place = found?.places[layer!];
    if (place !== undefined) return `${before ?? ""}features.${found!.index}.conv.${place}.${rest}`;
    const [, prefix, around, last] = /^(.*\.)?(conv_stem|bn1|conv_head|bn2)\.(\w+)$/.exec(name) ?? [];
    if (around === undefined || prefix?.includes("blocks.")) return name;
    return `${prefix ?? ""}features.${AROUND[around as keyof typeof AROUND]}.${last}`;
  };
}

// The stem's sequence (convolution, batch norm, activation, three times), and what MIT calls its layers.
const STEM = ["conv1", "bn1", "", "conv2", "bn2", "", "conv3", "bn3"];

/** timm has the stem's three convolutions in a sequence `conv1`, the last batch norm beside it; others have all in a sequence `stem`. */
function deepStem(names: readonly string[]): Rename {
  const sequence = ["conv1", "stem"].find((one) =>
    names.some((name) => new RegExp(`(^|\\.)${one}\\.6\\.weight$`).test(name)),
  );
  if (sequence === undefined) return (name) => name;
  const inStem = new RegExp(`^(.*\\.)?${sequence}\\.(\\d)\\.(\\w+)$`);
  return (name) => {
    const [, before, at, rest] = inStem.exec(name) ?? [];
    const layer = at === undefined ? undefined : STEM[Number(at)];
    if (layer) return `${before ?? ""}${layer}.${rest}`;
    const [, prefix, last] = (sequence === "conv1" && /^(.*\.)?bn1\.(\w+)$/.exec(name)) || [];
    return last === undefined || prefix?.includes("layer") ? name : `${prefix ?? ""}bn3.${last}`;
  };
}
