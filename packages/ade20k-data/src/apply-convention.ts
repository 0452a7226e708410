import { explain } from "@seg/errors";
import type { LabelPixels } from "./decode-label.ts";
import { DataError, type DataErrorData } from "./errors.ts";
import { FULL_ADE20K_HINT, fullAde20kLabel, isCodedAsFullAde20k, isFullAde20kLabel } from "./full-ade20k.ts";
import { hexColor, type LabelConvention, READY_CONVENTIONS } from "./label-convention.ts";

/** In a table: what no class has. */
const NONE = -2;
/** How many values or colours an error shows. */
const SHOWN = 10;

/** How many colours an error keeps. */
const KEPT = 256;

/** What a file is told by. */
interface Reading {
  file: string;
  convention: LabelConvention;
  /** Classes above it are refused; all are taken where it is undefined. */
  numClasses: number | undefined;
}

/**
 * What the pixels of a label file are by a convention: class indices from 0, −1 where ignored. Grey values and palette indices go through
 * a table of 256; a palette with known colours that mean other classes than their indices is read by them, as tools reorder palettes.
 *
 * @throws {DataError} `bad-label`, naming the values or colours found and the ways out, if one has no class or one above `numClasses`.
 */
export function labelsByConvention(pixels: LabelPixels, reading: Reading): Int16Array {
  if (reading.convention.name === "cityscapes" && TRAIN_IDS.test(reading.file)) throw trainIds(reading.file);
  if (pixels.channels === 1) {
    refuseShuffledGreys(pixels, reading);
    return labelsOfValues(pixels, reading);
  }
  if (!reading.convention.colors) throw colorsWithoutConvention(pixels, reading);
  return labelsOfColors(pixels, reading);
}

function labelsOfValues(pixels: LabelPixels, reading: Reading): Int16Array {
  const { data } = pixels;
  const table = valueTable(pixels, reading);
  const labels = new Int16Array(data.length);
  let least = 0;
  for (let i = 0; i < data.length; i++) {
    const label = table[data[i]!]!;
    if (label < least) least = label;
    labels[i] = label;
  }
  if (least === NONE && pixels.palette && usesColors(pixels, reading.convention)) {
    refuseWithoutColor(pixels, labels.indexOf(NONE), reading);
    throw wrongColor(inColors(pixels), labels, reading);
  }
  if (least === NONE) throw wrongValue(pixels, labels.indexOf(NONE), table, reading);
  return labels;
}

/** @throws {DataError} `bad-label` where a value that is to be read by its colour has none. */
function refuseWithoutColor({ data, palette, width }: LabelPixels, i: number, { file }: Reading): void {
  const value = data[i]!;
  const count = palette!.length / 3;
  if (value < count) return;
  const [x, y] = [i % width, Math.floor(i / width)];
  const received = `index ${value} at column ${x}, row ${y}, beyond its palette of ${count}`;
  const hint = "give it a colour, or save the label values as 8-bit grey PNG";
  throw bad(file, { expected: "a colour for each palette index", received, hint }, { x, y });
}

/** The label of each of the 256 values. */
function valueTable(pixels: LabelPixels, { convention, numClasses }: Reading): Int16Array {
  const { values = {}, colors, others } = convention;
  const colorOf =
    colors && (usesColors(pixels, convention) ? (value: number) => colorOfValue(pixels, value) : undefined);
  return Int16Array.from({ length: 256 }, (_, value) =>
    labelOf((colorOf ? colors[colorOf(value)] : values[value]) ?? others, numClasses),
  );
}

const labelOf = (number: number | undefined, numClasses = Number.POSITIVE_INFINITY) =>
  number === undefined || number > numClasses ? NONE : number - 1;

/**
 * Whether one value a pixel is read by its colour: there is no other way, or small greys show nothing but known colours, or colours of a palette are
 * known as other classes than their indices are; what else it shows is unknown then.
 */
function usesColors(pixels: LabelPixels, { values, colors }: LabelConvention): boolean {
  if (!colors) return false;
  if (!values) return true;
  // The 1 of a black and white file is white.
  if (!pixels.palette && pixels.depth === 8) return false;
  const used = [...valueCounts(pixels).keys()];
  const shown = used.map((value) => colorOfValue(pixels, value));
  if (!pixels.palette) return shown.every((color) => color in colors);
  // A palette of one colour says nothing.
  if (used.length > 1 && new Set(shown).size === 1) return false;
  return used.some((value, i) => shown[i]! in colors && colors[shown[i]!] !== values[value]);
}

/** A palette file as its colours. */
function inColors(pixels: LabelPixels): LabelPixels {
  const { data, palette = new Uint8Array() } = pixels;
  const colors = new Uint8Array(3 * data.length);
  for (let i = 0; i < data.length; i++) {
    for (let c = 0; c < 3; c++) colors[3 * i + c] = palette[3 * data[i]! + c] ?? 0;
  }
  return { ...pixels, channels: 3, data: colors };
}

/**
 * Programs that make palettes of grey files put their values into the palette, in any order. Where both readings have a class for
 * everything, nobody can tell which is meant.
 *
 * @throws {DataError} `bad-label`.
 */
function refuseShuffledGreys(pixels: LabelPixels, { file, convention, numClasses }: Reading): void {
  const { palette } = pixels;
  if (!palette || convention.colors || numClasses === undefined) return;
  // A grey file's palette has no colours, used or not; a palette of classes may have some that are grey, as wall's.
  const isGrey = isGreyAlone({ ...pixels, channels: 3, data: palette });
  const used = [...valueCounts(pixels).keys()];
  const grey = (value: number) => palette[3 * value] ?? -1;
  // Black and white are for looking at.
  if (!isGrey || used.every((value) => grey(value) === value || [0, 255].includes(grey(value)))) return;
  const isValue = (value: number) => labelOf(convention.values?.[value] ?? convention.others, numClasses) !== NONE;
  if (!used.every((value) => isValue(value) && isValue(grey(value)))) return;
  const pairs = used.slice(0, SHOWN).map((value) => `${value} shown as ${grey(value)}`);
  throw bad(file, {
    expected: "a palette whose colours, or whose greys by their own value, tell the classes",
    received: `greys in another order than their indices (${pairs.join(", ")})`,
    hint: "save the labels as 8-bit grey PNG, without a palette",
  });
}

const TRAIN_IDS = /labelTrainIds[^/\\]*$/i;

const trainIds = (file: string): DataError =>
  bad(file, {
    expected: "Cityscapes' label ids, as the convention cityscapes has them,",
    received: "train ids, by its name",
    hint: "name the files that end in _labelIds (--label-suffix), or set DATASET.label_map zero-based and DATASET.num_class 19",
  });

/** In place of the colour of an index beyond the palette, as Pillow writes 255 beside few colours: not black, which may be a class. */
const NO_COLOR = "";

/** A palette's colour, or the grey that a value shows as. */
function colorOfValue({ palette, depth }: LabelPixels, value: number): string {
  if (palette) {
    const [red, green, blue] = palette.subarray(3 * value, 3 * value + 3);
    return blue === undefined ? NO_COLOR : hexColor(red!, green!, blue);
  }
  const grey = Math.min(255, Math.round((value * 255) / (2 ** depth - 1)));
  return hexColor(grey, grey, grey);
}

function labelsOfColors(pixels: LabelPixels, reading: Reading): Int16Array {
  const { data, channels } = pixels;
  const { colors = {}, others } = reading.convention;
  const known = new Map(
    Object.entries(colors).map(([color, number]) => [rgbOf(color), labelOf(number, reading.numClasses)]),
  );
  const other = labelOf(others, reading.numClasses);
  const labels = new Int16Array(data.length / channels);
  // Grey and alpha is grey; alpha says nothing of a class.
  const [green, blue] = channels === 2 ? [0, 0] : [1, 2];
  let least = 0;
  let before = -1;
  let label = NONE;
  for (let i = 0, at = 0; i < labels.length; i++, at += channels) {
    const rgb = (data[at]! << 16) | (data[at + green]! << 8) | data[at + blue]!;
    // Neighbours are mostly alike.
    if (rgb !== before) label = known.get(rgb) ?? other;
    before = rgb;
    if (label < least) least = label;
    labels[i] = label;
  }
  if (least === NONE) throw wrongColor(pixels, labels, reading);
  return labels;
}

const rgbOf = (color: string) => Number.parseInt(color.slice(1), 16);

/** The error for a file of colours where the convention knows none. */
function colorsWithoutConvention(pixels: LabelPixels, { file, convention: { name } }: Reading): DataError {
  const { data, channels } = pixels;
  if (isFullAde20kLabel(file)) return bad(file, fullAde20kLabel);
  const found = colorCounts(pixels);
  const isGrey = isGreyAlone(pixels);
  const kind = { 1: "grey", 2: "grey with alpha", 3: "RGB", 4: "RGB with alpha" }[channels];
  const fitting = fits([...found.keys()], "colors", undefined);
  return bad(file, {
    expected: `one value a pixel, as the convention ${name} has it,`,
    received: `${kind}: ${histogram(found, data.length / channels)}`,
    hint:
      isGrey && !fitting
        ? "its channels are alike, so save one of them alone, as 8-bit grey PNG"
        : `${fitting}name a file of colours and their classes by DATASET.label_map, or save the label values, not their colours, as 8-bit grey or palette PNG${isCodedAsFullAde20k(data, channels) ? `; if it is of the full ADE20K data set (class R / 10 × 256 + G), ${FULL_ADE20K_HINT}` : ""}`,
  });
}

function wrongColor(pixels: LabelPixels, labels: Int16Array, { file, convention, numClasses }: Reading): DataError {
  if (isFullAde20kLabel(file)) return bad(file, fullAde20kLabel);
  const { width, channels, data } = pixels;
  const i = labels.indexOf(NONE);
  const [x, y] = [i % width, Math.floor(i / width)];
  const unknown = colorCounts(pixels, (pixel) => labels[pixel] === NONE);
  const [r, g, b] = channels === 2 ? Array(3).fill(data[i * 2]) : data.subarray(i * channels, i * channels + 3);
  const number = convention.colors?.[hexColor(r, g, b)];
  if (number !== undefined) {
    const received = `${colorName(hexColor(r, g, b))} at column ${x}, row ${y}, class ${number} of ${convention.name}`;
    const hint = "correct the number of classes (DATASET.num_class) or the map";
    return bad(file, { expected: `colours of classes 1 to ${numClasses}`, received, hint }, { x, y, numClasses });
  }
  const parts = labels.reduce((sum, label) => (label === NONE ? sum + 1 : sum), 0) / labels.length;
  const smooth = unknown.size > SHOWN && parts < 0.5;
  return bad(
    file,
    {
      expected: `the colours of ${convention.name}, exactly`,
      received: `others in ${percent(parts)} of the pixels, first at column ${x}, row ${y}: ${histogram(unknown, labels.length)}`,
      hint: `${smooth ? "smooth edges, or a copy that was a JPEG once, make such colours: save it without; or " : ""}add them to a file named by DATASET.label_map, or give all others a class or \`ignore\` there (\`other: ignore\`)`,
    },
    { x, y, found: [...unknown].slice(0, KEPT) },
  );
}

function wrongValue(
  pixels: LabelPixels,
  i: number,
  table: Int16Array,
  { file, convention, numClasses }: Reading,
): DataError {
  const { data, width } = pixels;
  const found = valueCounts(pixels);
  const wrong = [...found.keys()].filter((value) => table[value] === NONE);
  const [value, x, y] = [data[i]!, i % width, Math.floor(i / width)];
  const isDefault = convention.name === "ade20k";
  const expected =
    isDefault && numClasses !== undefined
      ? `label values from 0 to ${numClasses}`
      : `label values of the convention ${convention.name}${numClasses === undefined ? "" : ` for ${numClasses} classes`}`;
  const fitting = fits([...found.keys()], "values", numClasses);
  const ways = [
    `${fitting}DATASET.label_map takes zero-based, mask, voc, cityscapes or a file of values and their classes`,
    // What another convention has a class for is not to be thrown away.
    ...(wrong.length <= 3 && !fitting
      ? [`DATASET.ignore_label ${wrong.join(",")} ignores ${wrong.length === 1 ? "it" : "them"}`]
      : []),
    "DATASET.num_class (--num-class) is the number of classes",
  ];
  return bad(
    file,
    {
      expected,
      received: `${value} at column ${x}, row ${y}, among ${histogram(found, data.length)}`,
      hint: `correct the label or the settings: ${ways.join("; ")}`,
    },
    { value, x, y, found: [...found], ...(numClasses !== undefined && { numClasses }) },
  );
}

/** The ready conventions, if any, by which everything that was found has a class, in words that others follow. */
function fits(found: readonly (number | string)[], by: "values" | "colors", numClasses: number | undefined): string {
  const names = Object.values(READY_CONVENTIONS).flatMap(({ name, numClasses: own, [by]: listed }) => {
    const known: Readonly<Record<number | string, number>> = listed ?? {};
    const classes = found.map((key) => known[key] ?? Number.POSITIVE_INFINITY);
    const isFit = Math.max(...classes) <= (own ?? numClasses ?? 255) && new Set(classes.filter(Boolean)).size > 1;
    // Small values fit almost everything.
    const isLikely = by === "colors" || (found.includes(0) && (name === "mask" || numClasses === (own ?? numClasses)));
    if (name === "ade20k" || !isFit || !isLikely) return [];
    return own === undefined || own === numClasses ? [name] : [`${name} with DATASET.num_class ${own}`];
  });
  return names.length > 0 ? `DATASET.label_map ${names.join(" or ")} would fit; ` : "";
}

/** How often each value occurs, the smallest first; of one 8-bit value a pixel. */
function valueCounts({ data }: LabelPixels): Map<number, number> {
  const counts = new Float64Array(256);
  for (let i = 0; i < data.length; i++) counts[data[i]!]! += 1;
  return new Map(Array.from(counts.entries()).filter(([, count]) => count > 0));
}

/** Whether red, green and blue are alike everywhere. */
function isGreyAlone({ data, channels }: LabelPixels): boolean {
  if (channels < 3) return true;
  for (let i = 0; i < data.length; i += channels) {
    if (data[i] !== data[i + 1] || data[i] !== data[i + 2]) return false;
  }
  return true;
}

/** How many colours are told apart; a photo has as many as pixels. */
const MOST_COLORS = 2 ** 16;

/** How often each colour occurs, of the first ones that do. */
function colorCounts({ data, channels }: LabelPixels, takes: (pixel: number) => boolean = () => true) {
  const counts = new Map<number, number>();
  for (let i = 0, pixel = 0; i < data.length; i += channels, pixel++) {
    if (!takes(pixel)) continue;
    const [green, blue] = channels === 2 ? [0, 0] : [1, 2];
    const rgb = (data[i]! << 16) | (data[i + green]! << 8) | data[i + blue]!;
    const count = counts.get(rgb) ?? 0;
    if (count > 0 || counts.size < MOST_COLORS) counts.set(rgb, count + 1);
  }
  return new Map([...counts].map(([rgb, count]) => [hexColor(rgb >> 16, (rgb >> 8) & 255, rgb & 255), count]));
}

const percent = (share: number) => `${share > 0 && share < 0.001 ? "<0.1" : +(share * 100).toFixed(1)} %`;

const colorName = (color: string) => `(${[1, 3, 5].map((i) => Number.parseInt(color.slice(i, i + 2), 16)).join(", ")})`;

/** The most frequent of what was found, in its order: `0 (61 %), 255 (39 %)`. */
function histogram(counts: ReadonlyMap<number | string, number>, total: number): string {
  const byCount = [...counts].sort(([, a], [, b]) => b - a);
  const frequent = new Set(byCount.slice(0, SHOWN).map(([key]) => key));
  const parts = [...counts].flatMap(([key, count]) =>
    frequent.has(key) ? [`${typeof key === "string" ? colorName(key) : key} (${percent(count / total)})`] : [],
  );
  const more = counts.size - parts.length;
  return `${parts.join(", ")}${more > 0 ? ` and ${counts.size < MOST_COLORS ? more : "many"} more` : ""}`;
}

const bad = (
  file: string,
  explanation: Parameters<typeof explain>[0],
  values: Partial<DataErrorData> = {},
): DataError => new DataError("bad-label", `${file}: ${explain(explanation)}`, { data: { file, ...values } });
