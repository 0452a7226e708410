import { basename } from "node:path";
import type { ExportResult } from "@seg/pipeline/export";
import type { ExportForm, ExportUsage } from "./index.ts";
import { photoInPage } from "./photo-in-page.ts";

/** Programs that run an ONNX file on a photo and make a label map of the photo's size. */
export function onnxUsage(result: ExportResult, form: ExportForm): ExportUsage {
  return {
    Python: python(result, form),
    Node: node(result, form),
    browser: browser(result, form),
  };
}

function python(
  { path, photo, classes }: ExportResult,
  { layout = "nchw", input, output = "logits", size }: ExportForm,
) {
  const { sizes, maxSize, paddingConstant: padding, channels, range, mean, std } = photo;
  const isBytes = input === "rgb";
  const pixels = `photo.resize(size, Image.BILINEAR)`;
  const axes = layout === "nchw" ? ".transpose(2, 0, 1)" : "";
  const scores = layout === "nchw" ? "output[0]" : "output[0].transpose(2, 0, 1)";
  const given = size === "given" ? `, "size": np.array([photo.height, photo.width])` : "";
  const labels =
    output !== "labels"
      ? [
          `scores = [np.asarray(Image.fromarray(plane).resize(photo.size, Image.BILINEAR)) for plane in ${scores}]`,
          "labels = np.argmax(scores, axis=0)",
        ]
      : size === "given"
        ? ["labels = output[0]"]
        : ["labels = np.asarray(Image.fromarray(output[0]).resize(photo.size, Image.NEAREST))"];
  return lines(
    "import numpy as np, onnxruntime",
    "from PIL import Image",
    "",
    'photo = Image.open("photo.jpg").convert("RGB")',
    `scale = min(${sizes[0]} / min(photo.size), ${maxSize} / max(photo.size))`,
    `size = [-(-int(side * scale) // ${padding}) * ${padding} for side in photo.size]`,
    `image = np.asarray(${pixels})`,
    ...(isBytes
      ? []
      : [
          ...(channels === "bgr" ? ["image = image[..., ::-1]"] : []),
          `image = ((${range === 1 ? "image / 255" : "image"} - ${list(mean)}) / ${list(std)}).astype(np.float32)`,
        ]),
    `session = onnxruntime.InferenceSession(${JSON.stringify(path)})`,
    `[output] = session.run(None, {"image": image${axes}[None]${given}})`,
    ...labels,
    "# As seg test writes them: 0 is none.",
    `file = (labels.astype(np.int32) + 1).astype(np.${arrayOf(classes).toLowerCase().replace("array", "")})`,
    'Image.fromarray(file).save("labels.png")',
  );
}

function node(result: ExportResult, form: ExportForm) {
  const { sizes, maxSize, paddingConstant } = result.photo;
  return lines(
    'import { decodeImage, resizeForScale } from "@seg/ade20k-data";',
    'import ort from "onnxruntime-node";',
    "",
    'const photo = await decodeImage("photo.jpg");',
    "const { width, height } = photo;",
    `const scale = { shortSide: ${sizes[0]}, maxSize: ${maxSize}, paddingConstant: ${paddingConstant} };`,
    "const { data, width: w, height: h } = resizeForScale(photo, scale);",
    ...inputOf(result, form, 3),
    `const session = await ort.InferenceSession.create(${JSON.stringify(result.path)});`,
    ...labelsOf(result, form),
  );
}

function browser(result: ExportResult, form: ExportForm) {
  return lines(
    'import * as ort from "onnxruntime-web";',
    "",
    ...photoInPage(result.photo),
    "const { data } = pixels;",
    ...inputOf(result, form, 4),
    `const session = await ort.InferenceSession.create(${JSON.stringify(`/${basename(result.path)}`)});`,
    ...labelsOf(result, form),
  );
}

/** @param stride - how many values of `data` a pixel has. */
function inputOf(
  { photo: { channels, range, mean, std } }: ExportResult,
  { layout = "nchw", input }: ExportForm,
  stride: number,
) {
  const isBytes = input === "rgb";
  // Bytes are always RGB: the graph reorders them.
  const channel = !isBytes && channels === "bgr" ? "2 - c" : "c";
  const value = `data[${stride} * i + ${channel}]`;
  const scaled = range === 1 ? `${value} / 255` : value;
  const place = layout === "nchw" ? "c * w * h + i" : "3 * i + c";
  return [
    ...(isBytes ? [] : [`const mean = ${list(mean)};`, `const std = ${list(std)};`]),
    `const image = new ${isBytes ? "Uint8Array" : "Float32Array"}(3 * w * h);`,
    "for (let i = 0; i < w * h; i++) {",
    `  for (let c = 0; c < 3; c++) image[${place}] = ${isBytes ? value : `(${scaled} - mean[c]) / std[c]`};`,
    "}",
  ];
}

function labelsOf({ classes }: ExportResult, { layout = "nchw", input, output = "logits", size }: ExportForm) {
  const dims = layout === "nchw" ? "[1, 3, h, w]" : "[1, h, w, 3]";
  const type = input === "rgb" ? "uint8" : "float32";
  const array = arrayOf(classes);
  const what = "// The class of each pixel, row by row.";
  const run = [
    `const feeds = { image: new ort.Tensor("${type}", image, ${dims}) };`,
    ...(size === "given"
      ? ['feeds.size = new ort.Tensor("int64", BigInt64Array.of(BigInt(height), BigInt(width)), [2]);']
      : []),
    "const [output] = Object.values(await session.run(feeds));",
  ];
  if (output === "labels") {
    if (size === "given") return [...run, what, `const labels = ${array}.from(output.data);`];
    return [
      ...run,
      what,
      `const labels = new ${array}(width * height);`,
      "for (let y = 0, i = 0; y < height; y++) {",
      "  const row = w * Math.trunc(((y + 0.5) * h) / height);",
      "  for (let x = 0; x < width; x++, i++) labels[i] = output.data[row + Math.trunc(((x + 0.5) * w) / width)];",
      "}",
    ];
  }
  const [axes, strides] =
    layout === "nchw"
      ? ["[, classes, rows, columns]", "[rows * columns, columns, 1]"]
      : ["[, rows, columns, classes]", "[1, columns * classes, classes]"];
  return [
    ...run,
    `const ${axes} = output.dims;`,
    `const [plane, row, column] = ${strides};`,
    "// Bilinear, with half-pixel centres: two neighbours and the second one's share.",
    "const between = (at, length, count) => {",
    "  const place = Math.min(Math.max(((at + 0.5) * count) / length - 0.5, 0), count - 1);",
    "  return [Math.floor(place), Math.min(Math.floor(place) + 1, count - 1), place % 1];",
    "};",
    what,
    `const labels = new ${array}(width * height);`,
    "for (let y = 0, i = 0; y < height; y++) {",
    "  const [top, bottom, down] = between(y, height, rows);",
    "  for (let x = 0; x < width; x++, i++) {",
    "    const [left, right, across] = between(x, width, columns);",
    "    for (let c = 0, best = -Infinity; c < classes; c++) {",
    "      const at = (v, u) => output.data[c * plane + v * row + u * column];",
    "      const upper = at(top, left) + (at(top, right) - at(top, left)) * across;",
    "      const lower = at(bottom, left) + (at(bottom, right) - at(bottom, left)) * across;",
    "      const score = upper + (lower - upper) * down;",
    "      if (score > best) [best, labels[i]] = [score, c];",
    "    }",
    "  }",
    "}",
  ];
}

/** Whole numbers that hold a class, and one more. */
const arrayOf = (classes: readonly string[]) => (classes.length > 255 ? "Uint16Array" : "Uint8Array");

const list = (numbers: readonly number[]) => `[${numbers.join(", ")}]`;

const lines = (...text: string[]) => text.join("\n");
