import type { Color, SegClass } from "./classes.ts";
import { distinctColors } from "./distinct-colors.ts";
import { READY_CONVENTIONS, type ReadyConvention } from "./label-convention.ts";

const NAMES = {
  mask: ["background", "object"],
  voc: [
    ...["background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"],
    ...["dining table", "dog", "horse", "motorbike", "person", "potted plant", "sheep", "sofa", "train", "TV monitor"],
  ],
  cityscapes: [
    ...["road", "sidewalk", "building", "wall", "fence", "pole", "traffic light", "traffic sign", "vegetation"],
    ...["terrain", "sky", "person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle"],
  ],
} as const satisfies Partial<Record<ReadyConvention, readonly string[]>>;

/**
 * The classes that a ready convention names, in the order of their numbers, in their data set's own colours; undefined for `ade20k` and
 * `zero-based`, which are of any classes, and for files.
 *
 * @see Everingham et al., The Pascal Visual Object Classes Challenge, IJCV 2010; Cordts et al., The Cityscapes Dataset, CVPR 2016.
 *
 * @example
 * ```ts
 * import { readyClasses } from "@seg/ade20k-data";
 *
 * console.log(readyClasses("mask")?.map(({ name }) => name)); // [ 'background', 'object' ]
 * console.log(readyClasses("cityscapes")?.[0]?.color); // [ 128, 64, 128 ]
 * ```
 */
export function readyClasses(convention: ReadyConvention | (string & {})): SegClass[] | undefined {
  if (!isNamed(convention)) return undefined;
  const names: readonly string[] = NAMES[convention];
  const { colors = {} } = READY_CONVENTIONS[convention];
  const made = distinctColors(names.length);
  return names.map((name, index) => {
    // A mask's black and white say nothing beside a photo.
    const [own] = convention === "mask" ? [] : Object.keys(colors).filter((color) => colors[color] === index + 1);
    return { index, name, names: [name], color: own === undefined ? made[index]! : rgb(own) };
  });
}

const isNamed = (convention: string): convention is keyof typeof NAMES => Object.hasOwn(NAMES, convention);

const rgb = (hex: string): Color => {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
};
