import { badOption } from "./errors.ts";
import type { LabelOrientation } from "./orientation.ts";

/**
 * What the values of label files mean. Classes are numbered as in ADE20K's own label files, whatever the values are: 1 is the first class
 * (the network's channel 0), 0 stands for "ignored". Plain data.
 */
export interface LabelConvention {
  /** What errors call it: the name of a ready one, or a file. */
  name: string;
  /** The class of each value, 0 to 255, of grey files, and of palette files by index where `colors` do not tell. */
  values?: Readonly<Record<number, number>>;
  /** The class of each colour, `#rrggbb` in small letters, of RGB files, with or without alpha, and of palettes. */
  colors?: Readonly<Record<string, number>>;
  /** The class of all that is not listed; refused unless given. */
  others?: number;
  /** What labels of photos that EXIF turns were drawn on; default `auto`. */
  orientation?: LabelOrientation;
  /** How many classes there must be, where that is known. */
  numClasses?: number;
}

/** The names of the conventions that come along; see {@link READY_CONVENTIONS}. */
export type ReadyConvention = "ade20k" | "zero-based" | "mask" | "voc" | "cityscapes";

const range = (count: number, classOf: (value: number) => number) =>
  Object.fromEntries(Array.from({ length: count }, (_, value) => [value, classOf(value)]));

/** A colour as the keys of {@link LabelConvention.colors} have it. */
export const hexColor = (red: number, green: number, blue: number): string =>
  `#${((1 << 24) | (red << 16) | (green << 8) | blue).toString(16).slice(1)}`;

/** Pascal VOC's colour of a value: its lowest three bits are the highest of red, green and blue, and so on. */
function vocColor(value: number): string {
  const channel = (shift: number) =>
    [0, 1, 2].reduce((sum, i) => sum | (((value >> (3 * i + shift)) & 1) << (7 - i)), 0);
  return hexColor(channel(0), channel(1), channel(2));
}

/** Cityscapes' 19 classes that are scored, in the order of their train ids: id and colour. */
const CITYSCAPES: readonly (readonly [id: number, color: string])[] = [
  ...([
    [7, "#804080"],
    [8, "#f423e8"],
    [11, "#464646"],
    [12, "#66669c"],
    [13, "#be9999"],
  ] as const),
  ...([
    [17, "#999999"],
    [19, "#faaa1e"],
    [20, "#dcdc00"],
    [21, "#6b8e23"],
    [22, "#98fb98"],
  ] as const),
  ...([
    [23, "#4682b4"],
    [24, "#dc143c"],
    [25, "#ff0000"],
    [26, "#00008e"],
    [27, "#000046"],
  ] as const),
  ...([
    [28, "#003c64"],
    [31, "#005064"],
    [32, "#0000e6"],
    [33, "#770b20"],
  ] as const),
];

/** The colours of Cityscapes' other ids, which are not scored. */
const CITYSCAPES_VOID = [
  ...["#000000", "#6f4a00", "#510051", "#faaaa0", "#e6968c", "#b4a5b4", "#966464", "#96785a", "#00005a", "#00006e"],
];

/**
 * The conventions that come along:
 * - `ade20k`: 0 is unlabeled, 1 the first class; what MIT's files and programs have, and the default;
 * - `zero-based`: 0 is the first class, 255 ignored;
 * - `mask`: 0, or black, is the first class (background), 255, or white, the second (object);
 * - `voc`: Pascal VOC's 21 classes, background first, by index or colour; 255, or its cream, is ignored;
 * - `cityscapes`: the ids (or colours) of Cityscapes' 19 scored classes, in the order of their train ids; the others are ignored.
 */
export const READY_CONVENTIONS: Readonly<Record<ReadyConvention, LabelConvention>> = {
  ade20k: { name: "ade20k", values: range(256, (value) => value) },
  "zero-based": { name: "zero-based", values: range(256, (value) => (value + 1) % 256) },
  mask: { name: "mask", values: { 0: 1, 255: 2 }, colors: { "#000000": 1, "#ffffff": 2 }, numClasses: 2 },
  voc: {
    name: "voc",
    values: { ...range(21, (value) => value + 1), 255: 0 },
    colors: { ...Object.fromEntries(Array.from({ length: 21 }, (_, i) => [vocColor(i), i + 1])), "#e0e0c0": 0 },
    numClasses: 21,
  },
  cityscapes: {
    name: "cityscapes",
    values: range(256, (value) => CITYSCAPES.findIndex(([id]) => id === value) + 1),
    colors: Object.fromEntries([
      ...CITYSCAPES_VOID.map((color) => [color, 0] as const),
      ...CITYSCAPES.map(([, color], i) => [color, i + 1] as const),
    ]),
    numClasses: 19,
  },
};

/**
 * A convention by which these values, whatever they mean otherwise, are ignored: 0 to 255, or −1, which an 8-bit file holds as 255.
 *
 * @throws {DataError} `option` for another value, or if the convention knows nothing but colours.
 */
export function ignoringValues(convention: LabelConvention, ignored: readonly number[]): LabelConvention {
  if (ignored.length === 0) return convention;
  for (const value of ignored) {
    if (Number.isInteger(value) && value >= -1 && value <= 255) continue;
    throw badOption("ignore", value, { expected: "label values from -1 to 255 to ignore", received: String(value) });
  }
  if (!convention.values) {
    throw badOption("ignore", ignored, {
      expected: `no values to ignore beside the colours of ${convention.name}`,
      received: ignored.join(", "),
      hint: "give the colour to ignore the class `ignore` there",
    });
  }
  const values = { ...convention.values };
  for (const value of ignored) values[value === -1 ? 255 : value] = 0;
  return { ...convention, values };
}
