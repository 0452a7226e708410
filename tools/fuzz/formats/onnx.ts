import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { checkModel } from "../../../packages/onnx/src/inference/check-model.ts";
import { recognize } from "../../../packages/onnx/src/inference/recognize.ts";
import { branch, definition, graph, model, node } from "../build/onnx.ts";
import { build, type Format, type Fuzzer } from "../src/format.ts";
import { mutateBytes } from "../src/mutate-bytes.ts";
import type { Json } from "../src/mutate-json.ts";
import { NASTY_TEXTS } from "../src/mutate-text.ts";
import type { Random } from "../src/random.ts";

const chain = (count: number) => Array<Buffer>(count).fill(node("Relu"));

/** Functions each of which calls the one before so many times. */
const doubling = (levels: number, calls: number) =>
  Array.from({ length: levels }, (_, i) =>
    definition(`f${i}`, i === 0 ? chain(calls) : Array<Buffer>(calls).fill(node(`f${i - 1}`, "f"))),
  );

/** Branches in branches. */
function within(levels: number): Buffer {
  let inside = graph(chain(2));
  for (let i = 0; i < levels; i++) inside = graph([node("If", "", branch(inside))]);
  return inside;
}

const SOUND = [
  model(graph(chain(20))),
  model(graph([node("f3", "f")]), doubling(4, 3)),
  model(graph([node("If", "", branch(graph(chain(3))), branch(graph(chain(2)))), ...chain(2)])),
];

/** Models' files, before ONNX Runtime sees them; for what it makes of them itself, nothing is promised here. */
const MODEL: Format = {
  name: "onnx",
  weight: 3,
  async prepare(): Promise<Fuzzer> {
    const file = (content: Uint8Array) => ({ "model.onnx": content });
    return {
      sound: SOUND.map(file),
      make: (random) =>
        build(random, [
          [40, "changed bytes", () => file(mutateBytes(random, random.pick(SOUND)))],
          [5, "many nodes", () => file(model(graph(chain(random.size(20_000)))))],
          [
            10,
            "functions that call functions",
            () => file(model(graph([node(`f${random.below(40)}`, "f")]), doubling(random.size(300), random.size(30)))),
          ],
          [
            5,
            "a function that calls itself",
            () => file(model(graph([node("f", "f")]), [definition("f", [node("f", "f")])])),
          ],
          [5, "many functions", () => file(model(graph([node("f0", "f")]), doubling(random.size(8000), 1)))],
          [5, "branches in branches", () => file(model(within(random.size(200))))],
          [5, "nasty names", () => file(model(graph([node(random.pick(NASTY_TEXTS), random.pick(NASTY_TEXTS))])))],
        ]),
      async read(path) {
        const bytes = readFileSync(path);
        checkModel(path, (position, length) => bytes.subarray(position, position + length), bytes.length);
        return undefined;
      },
    };
  },
};

const CLASSES = 9;

const USUAL: readonly Json[][] = [
  [1, 3, "h", "w"],
  ["b", 64, 64, 3],
  ["", 3, 32, 32],
  [1, CLASSES, "h", "w"],
  ["b", 64, 64, CLASSES],
  [],
];

/**
 * What ONNX Runtime may say of an input or an output, whatever the model declares: names and axes are the model's; the type is one of the runtime's
 * own, which is why no text stands for it here.
 */
function declared(random: Random, usual: Json[]): Json {
  const axis = () => random.pick<Json>([0, 1, 3, CLASSES, 64, -1, 2 ** 31, 2 ** 53, "h", "", ...NASTY_TEXTS]);
  const name = random.oneIn(3) ? "x" : random.pick([...NASTY_TEXTS, "n".repeat(random.size(100_000))]);
  if (random.oneIn(12)) return { name, isTensor: false };
  const shape = random.pick<() => Json[]>([
    () => usual,
    () => usual,
    () => usual.map((one) => (random.oneIn(4) ? axis() : one)),
    () => random.pick(USUAL),
    () => Array.from({ length: random.size(random.oneIn(9) ? 5000 : 6) }, axis),
  ])();
  return {
    name,
    isTensor: true,
    type: random.oneIn(4) ? random.pick(["float16", "int64", "string"]) : "float32",
    shape,
  };
}

/** One of them mostly, and now and then none or thousands. */
const some = (random: Random, usual: Json[]): Json[] =>
  Array.from({ length: random.pick([0, 1, 1, 1, 1, 1, 1, 2, random.size(2000)]) }, () => declared(random, usual));

const declaredFile = (inputMetadata: Json[], outputMetadata: Json[]) => ({
  "model.onnx": JSON.stringify({ inputMetadata, outputMetadata }),
});

const SOUND_SHAPES = [0, 1, 2].flatMap((i) =>
  [3, 4, 5].map((o) => {
    const tensor = (shape: Json) => ({ name: "x", isTensor: true, type: "float32", shape });
    return declaredFile([tensor(USUAL[i]!)], [tensor(USUAL[o]!)]);
  }),
);

/** Inputs and outputs that models declare; an image is given and scores are taken as they say. */
const SHAPES: Format = {
  name: "onnx-shapes",
  weight: 3,
  async prepare(): Promise<Fuzzer> {
    return {
      sound: SOUND_SHAPES,
      // Images of another size than the model's are refused by their own shape.
      names: (error) => ((error as { code?: string }).code === "shape" ? [] : undefined),
      make: (random) =>
        build(random, [
          [
            1,
            "declared shapes",
            () => declaredFile(some(random, random.pick(USUAL.slice(0, 3))), some(random, random.pick(USUAL.slice(3)))),
          ],
        ]),
      async read(path) {
        const io = recognize(JSON.parse(readFileSync(path, "utf8")) as never, basename(path), CLASSES);
        const [height, width] = io.size ?? [6, 5];
        if (io.outputs.length !== 1 || !(height > 0 && width > 0))
          return { wrong: "no size, or other outputs than one" };
        // What no machine holds is not tried.
        if (height * width > 2 ** 16) return undefined;
        const image = { data: new Float32Array(height * width * 3), shape: [1, height, width, 3] };
        io.check(image);
        const [data, dims] = io.feed(image);
        // Scores come in the layout that the image has.
        const given = dims[3] === 3 ? [1, height, width, CLASSES] : [1, CLASSES, height, width];
        const scores = io.give(new Float32Array(height * width * CLASSES), given, image.shape);
        const isSound =
          data.length === dims.reduce((a, b) => a * b, 1) && scores.shape.join() === [1, height, width, CLASSES].join();
        return { wrong: isSound ? undefined : `fed [${dims}], gave [${scores.shape}]` };
      },
    };
  },
};

/** Models of ONNX: their files, and what ONNX Runtime tells of them. */
export const ONNX: readonly Format[] = [MODEL, SHAPES];
