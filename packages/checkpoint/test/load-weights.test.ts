import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  CheckpointError,
  type LoadOptions,
  type LoadReport,
  loadWeights,
  loadWeightsInto,
  modulesOf,
  type NamedTensor,
  readCheckpoint,
  type StateDict,
  stateDictOf,
  writePth,
  writeSafetensors,
} from "../src/index.ts";
import { temporaryFolder } from "./helpers/temporary.ts";

const counting = (count: number, from = 1) => Float32Array.from({ length: count }, (_, i) => from + i);

/** A state dict of these shapes, its values counting up. */
function stateOf(shapes: Record<string, number[]>): Map<string, NamedTensor> {
  return new Map(
    Object.entries(shapes).map(([name, shape], i) => {
      const count = shape.reduce((product, size) => product * size, 1);
      return [name, { name, dtype: "float32", shape, data: counting(count, 1000 * i) }];
    }),
  );
}

const SHAPES = {
  "layer1.0.conv1.weight": [5, 3, 2, 3],
  "layer1.0.conv1.bias": [5],
  "layer1.0.bn1.weight": [5],
  "layer1.0.bn1.bias": [5],
  "layer1.0.bn1.running_mean": [5],
  "layer1.0.bn1.running_var": [5],
  "features.1.conv.0.weight": [10, 1, 3, 2],
  "conv_last.weight": [4, 10],
  "conv_last.bias": [4],
};

function build(classes = 4): tf.LayersModel {
  const input = tf.input({ shape: [8, 8, 3] });
  const conv = tf.layers.conv2d({ name: "layer1.0.conv1", filters: 5, kernelSize: [2, 3] }).apply(input);
  const normal = tf.layers.batchNormalization({ name: "layer1.0.bn1" }).apply(conv);
  const depthwise = tf.layers
    .depthwiseConv2d({ name: "features.1.conv.0", kernelSize: [3, 2], depthMultiplier: 2, useBias: false })
    .apply(normal);
  const pooled = tf.layers.globalAveragePooling2d({}).apply(depthwise);
  const last = tf.layers.dense({ name: "conv_last", units: classes }).apply(pooled);
  return tf.model({ inputs: input, outputs: last as tf.SymbolicTensor, name: "toy" });
}

let model: tf.LayersModel;
beforeEach(() => {
  model = build();
});
afterEach(() => {
  model.dispose();
});

const variable = (layer: string, index: number) => model.getLayer(layer).weights[index]!.read();

/** The element of a tensor at an index along each axis. */
function at({ shape, data }: NamedTensor, ...index: number[]): number {
  return Number(data[index.reduce((flat, i, axis) => flat * shape[axis]! + i, 0)]);
}

describe("loadWeights", () => {
  it("brings a convolution's OIHW into HWIO, element by element", () => {
    const state = stateOf(SHAPES);
    loadWeights(model, state);
    const kernel = variable("layer1.0.conv1", 0).arraySync() as number[][][][];
    kernel.forEach((plane, h) => {
      plane.forEach((row, w) => {
        row.forEach((inputs, i) => {
          inputs.forEach((value, o) => {
            expect(value).toBe(at(state.get("layer1.0.conv1.weight")!, o, i, h, w));
          });
        });
      });
    });
    expect([...variable("layer1.0.conv1", 1).dataSync()]).toEqual([...state.get("layer1.0.conv1.bias")!.data]);
  });

  it("splits a depthwise filter's output channels into input channel and multiplier", () => {
    const state = stateOf(SHAPES);
    loadWeights(model, state);
    const kernel = variable("features.1.conv.0", 0).arraySync() as number[][][][];
    kernel.forEach((plane, h) => {
      plane.forEach((row, w) => {
        row.forEach((channel, c) => {
          channel.forEach((value, m) => {
            expect(value).toBe(at(state.get("features.1.conv.0.weight")!, c * 2 + m, 0, h, w));
          });
        });
      });
    });
  });

  it("transposes a dense layer's weights", () => {
    const state = stateOf(SHAPES);
    loadWeights(model, state);
    const kernel = variable("conv_last", 0).arraySync() as number[][];
    kernel.forEach((row, i) => {
      row.forEach((value, o) => {
        expect(value).toBe(at(state.get("conv_last.weight")!, o, i));
      });
    });
  });

  it("gives batch norm its scale, shift and running statistics", () => {
    const state = stateOf(SHAPES);
    loadWeights(model, state);
    const names = model.getLayer("layer1.0.bn1").weights.map(({ originalName }) => originalName.split("/").at(-1));
    expect(names).toEqual(["gamma", "beta", "moving_mean", "moving_variance"]);
    ["weight", "bias", "running_mean", "running_var"].forEach((name, i) => {
      expect([...variable("layer1.0.bn1", i).dataSync()]).toEqual([...state.get(`layer1.0.bn1.${name}`)!.data]);
    });
  });

  it("finds the layers of a model inside the model, and a second model's variables of the same name", () => {
    const again = build();
    const input = tf.input({ shape: [8, 8, 3] });
    const outer = tf.model({ inputs: input, outputs: again.apply(input) as tf.SymbolicTensor });
    const { loaded } = loadWeights(outer, stateOf(SHAPES));
    expect([...loaded].sort()).toEqual(Object.keys(SHAPES).sort());
    outer.dispose();
  });

  it("copies, leaks no tensor, and takes integers and doubles as well", () => {
    const state = stateOf(SHAPES);
    state.set("conv_last.bias", {
      name: "conv_last.bias",
      dtype: "int64",
      shape: [4],
      data: BigInt64Array.of(1n, 2n, 3n, -4n),
    });
    const mean = "layer1.0.bn1.running_mean";
    const values = Float64Array.of(0.1, 0.2, 0.3, 0.4, 0.5);
    state.set(mean, { name: mean, dtype: "float64", shape: [5], data: values });
    const before = tf.memory().numTensors;
    loadWeights(model, state);
    expect(tf.memory().numTensors).toBe(before);
    expect([...variable("conv_last", 1).dataSync()]).toEqual([1, 2, 3, -4]);
    values.fill(0);
    expect([...variable("layer1.0.bn1", 2).dataSync()]).toEqual([0.1, 0.2, 0.3, 0.4, 0.5].map(Math.fround));
  });

  it("ignores step counters, the sums of MIT's batch norm, classifier heads, and what it is told to", () => {
    const aside = {
      "layer1.0.bn1.num_batches_tracked": [],
      "layer1.0.bn1._tmp_running_mean": [5],
      "layer1.0.bn1._tmp_running_var": [5],
      "layer1.0.bn1._running_iter": [1],
      "fc.weight": [1000, 5],
      "classifier.1.bias": [1000],
      "conv_last_deepsup.weight": [4, 10],
    };
    const report = loadWeights(model, stateOf({ ...SHAPES, ...aside }), { ignore: (name) => name.includes("deepsup") });
    expect([...report.ignored]).toEqual(Object.keys(aside));
    expect([...report.loaded]).toEqual(Object.keys(SHAPES));
    expect([report.missing, report.unexpected, report.shapeMismatch]).toEqual([[], [], []]);
  });

  it("does not ignore the head of a model that has one", () => {
    const input = tf.input({ shape: [3] });
    const dense = tf.layers.dense({ name: "fc", units: 2 }).apply(input) as tf.SymbolicTensor;
    const classifier = tf.model({ inputs: input, outputs: dense });
    expect([...loadWeights(classifier, stateOf({ "fc.weight": [2, 3], "fc.bias": [2] })).loaded]).toEqual([
      "fc.weight",
      "fc.bias",
    ]);
    expect(() => loadWeights(classifier, stateOf({ "fc.weight": [2, 3], "fc.bias": [2], "fc.x": [1] }))).toThrow(
      mismatch({ unexpected: ["fc.x"] }),
    );
    classifier.dispose();
  });
});

describe("loadWeights, where a file holds several copies of the network", () => {
  /** Copies under these prefixes, of different values. */
  const copies = (...prefixes: string[]) =>
    stateOf(
      Object.fromEntries(
        prefixes.flatMap((prefix) => Object.entries(SHAPES).map(([name, shape]) => [prefix + name, shape])),
      ),
    );

  it.each([
    [["best_state.", "last_state."], "2 copies of toy (best_state and last_state)"],
    [["best_state.encoder.", "last_state.encoder."], "2 copies of toy (best_state.encoder and last_state.encoder)"],
    [["", "old."], "2 copies of toy (one without a prefix and old)"],
    [["a.", "b.", "c."], "3 copies of toy (a, b and c)"],
    [["a.", "b.", "c.", "d.", "e.", "f."], "6 copies of toy (a, b, c, d and 2 more)"],
    [["ema.", "teacher."], "2 copies of toy (ema and teacher)"],
  ])("%j are refused by their names, strict or not", (prefixes, said) => {
    for (const strict of [true, false])
      expect(() => loadWeights(model, copies(...prefixes), { strict })).toThrow(
        `Expected one network but received ${said}: save the one that you mean in a file of its own.`,
      );
  });

  it.each([
    ["teacher.encoder.", "student.encoder."],
    ["model_ema.", "model."],
    ["ema.", ""],
    ["optimizer.", "app."],
    ["module.encoder_k.", "module.encoder_q."],
  ])("%s is known to lie beside %s", (beside, own) => {
    const state = copies(beside, own);
    expect(loadWeights(model, state).ignored).toHaveLength(Object.keys(SHAPES).length);
    expect([...variable("conv_last", 1).dataSync()]).toEqual([...state.get(`${own}conv_last.bias`)!.data]);
  });

  it("takes a module that is registered under two names", () => {
    const state = new Map(
      ["net.", "encoder."].flatMap((prefix) => [...stateOf(SHAPES)].map(([name, tensor]) => [prefix + name, tensor])),
    );
    expect(loadWeights(model, state).loaded).toHaveLength(Object.keys(SHAPES).length);
  });
});

describe("loadWeights, where only finite weights will do", () => {
  const withValue = (value: number, dtype: "float32" | "float64" = "float32") => {
    const state = stateOf(SHAPES);
    const data = dtype === "float32" ? Float32Array.of(1, value, 2, 3) : Float64Array.of(1, value, 2, 3);
    return state.set("conv_last.bias", { name: "conv_last.bias", dtype, shape: [4], data });
  };

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    "refuses %s, by the tensor's name",
    (value) => {
      for (const dtype of ["float32", "float64"] as const)
        expect(() => loadWeights(model, withValue(value, dtype), { finite: true })).toThrow(
          expect.objectContaining({
            code: "not-finite",
            message: expect.stringContaining(
              `Expected finite weights but received ${value} in conv_last.bias: take weights`,
            ),
            data: { tensor: "conv_last.bias" },
          }),
        );
      expect(loadWeights(model, withValue(value)).loaded).toContain("conv_last.bias");
    },
  );

  it("takes the largest and the smallest numbers, and looks at nothing that the model does not take", () => {
    const state = withValue(-3.4028234663852886e38);
    state.set("ema.x", { name: "ema.x", dtype: "float32", shape: [1], data: Float32Array.of(Number.NaN) });
    expect(loadWeights(model, state, { finite: true }).ignored).toEqual(["ema.x"]);
  });
});

function without(state: Map<string, NamedTensor>, ...names: string[]): StateDict {
  return new Map([...state].filter(([name]) => !names.includes(name)));
}

/** An error whose report holds these, among others. */
const mismatch = (report: Partial<LoadReport>) =>
  expect.objectContaining({
    code: "mismatch",
    data: expect.objectContaining({ report: expect.objectContaining(report) }),
  });

function messageOf(state: StateDict, options?: LoadOptions): string {
  try {
    loadWeights(model, state, options);
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError);
    expect((error as CheckpointError).code).toBe("mismatch");
    return (error as CheckpointError).message;
  }
  throw new Error("nothing was thrown");
}

describe("loadWeights, where the state dict does not fit", () => {
  it("lists missing and unexpected names, the nearest ones beside them, and loads nothing", async () => {
    const shapes: Record<string, number[]> = { ...SHAPES, "layer1.0.bn1.wieght": [5] };
    delete shapes["layer1.0.bn1.weight"];
    const before = await stateDictOf(model);
    expect(messageOf(stateOf(shapes))).toBe(
      "Expected the 9 weights of model toy but found 1 missing: layer1.0.bn1.weight; " +
        "1 unexpected: layer1.0.bn1.wieght (nearest: layer1.0.bn1.weight): " +
        "take weights of the same architecture, or pass strict: false to load only what fits.",
    );
    expect(() => loadWeights(model, stateOf(shapes))).toThrow(
      mismatch({ missing: ["layer1.0.bn1.weight"], unexpected: ["layer1.0.bn1.wieght"], shapeMismatch: [] }),
    );
    expect(await stateDictOf(model)).toEqual(before);
  });

  it("lists the first few of many, and says when nothing fits at all", () => {
    const names = Array.from({ length: 12 }, (_, i) => `blocks.${i}.attention.qkv`);
    const message = messageOf(stateOf(Object.fromEntries(names.map((name) => [name, [1]]))));
    expect(message).toBe(
      "Expected the weights of model toy but received those of another network: 9 of 9 weights are not among them, such as " +
        "layer1.0.conv1.weight, layer1.0.conv1.bias; it has blocks.0.attention.qkv, blocks.1.attention.qkv and 10 more: " +
        "take the weights of this architecture.",
    );
    const [short] = Object.entries(SHAPES);
    expect(messageOf(stateOf({ ...Object.fromEntries([short!]), x: [1], y: [1] }))).toContain(
      "another network: 8 of 9 weights are not among them, such as layer1.0.conv1.bias, layer1.0.bn1.weight; it has x, y: take",
    );
    const larger = Object.fromEntries(
      Object.entries(SHAPES).map(([name, [first, ...rest]]) => [name, [2 * first!, ...rest]]),
    );
    expect(messageOf(stateOf({ ...larger, "conv_last.weight": [4, 99] }))).toContain(
      "another network: 9 of 9 are of another shape, such as layer1.0.conv1.weight (expected [5, 3, 2, 3], received [10, 3, 2, 3]): take",
    );
  });

  it("names the outermost modules that the model has not, where it has all else", () => {
    const deeper = [6, 7, 8, 9, 10].flatMap((block) => [`layer1.${block}.conv1.weight`, `layer1.${block}.bn1.bias`]);
    const state = stateOf({
      ...SHAPES,
      ...Object.fromEntries([...deeper, "layer1.0.se.fc.bias"].map((name) => [name, [1]])),
    });
    expect(messageOf(state)).toBe(
      "Expected the weights of model toy but received those of another network: layer1.6, layer1.7, layer1.8, layer1.9 and 2 more are " +
        "not in toy: take weights of the same architecture, or pass strict: false to load only what fits.",
    );
  });

  it("recognises another number of classes", () => {
    const message = messageOf(stateOf({ ...SHAPES, "conv_last.weight": [150, 10], "conv_last.bias": [150] }));
    expect(message).toBe(
      "Expected the 9 weights of model toy but found " +
        "2 of another shape: conv_last.weight (expected [4, 10], received [150, 10]), conv_last.bias (expected [4], received [150]): " +
        "the model has 4 classes and the weights are for 150; set the number of classes to 150 or take other weights.",
    );
  });

  it("does not take other differences in shape for another number of classes", () => {
    expect(messageOf(stateOf({ ...SHAPES, "conv_last.weight": [4, 20] }))).toContain(
      "take weights of the same architecture",
    );
    const mixed = stateOf({ ...SHAPES, "conv_last.weight": [150, 10], "layer1.0.conv1.bias": [9] });
    expect(messageOf(mixed)).toContain("take weights of the same architecture");
  });

  it("loads what fits when it is told not to be strict, and reports the rest", () => {
    const state = stateOf({ ...SHAPES, "conv_last.bias": [150], extra: [1] });
    const report = loadWeights(model, without(state, "conv_last.weight"), { strict: false });
    expect(report).toMatchObject({
      missing: ["conv_last.weight"],
      unexpected: ["extra"],
      shapeMismatch: [{ name: "conv_last.bias", expected: [4], received: [150] }],
    });
    expect([...variable("layer1.0.conv1", 1).dataSync()]).toEqual([...state.get("layer1.0.conv1.bias")!.data]);
  });

  it("keeps strange names on one line", () => {
    const message = messageOf(stateOf({ ...SHAPES, "a\nb": [1], [`z${"z".repeat(999)}`]: [1] }));
    expect(message).not.toContain("\n");
    expect(message.length).toBeLessThan(500);
  });
});

it.each([
  ["loadWeights", () => loadWeights(model, stateOf(SHAPES), { stric: false } as LoadOptions), "stric", "strict"],
  ["stateDictOf", () => stateDictOf(model, { numBatchesTraked: 1 } as object), "numBatchesTraked", "numBatchesTracked"],
  ["readCheckpoint", () => readCheckpoint("x.pth", { maps: 1 } as object), "maps", "map"],
  ["loadWeightsInto", () => loadWeightsInto(model, "x.pth", { ignor: 1 } as object), "ignor", "ignore"],
  ["writeSafetensors", () => writeSafetensors("x", [], { dtpye: "float16" } as object), "dtpye", "dtype"],
] as const)("%s refuses an option that there is not", async (_, call, option, nearest) => {
  await expect((async () => call())()).rejects.toMatchObject({ code: "option", data: { option, nearest } });
});

describe("loadWeightsInto", () => {
  it("loads what a file holds, by other names if told so", async () => {
    const path = join(temporaryFolder(), "x.pth");
    const state = stateOf(SHAPES);
    await writePth(
      path,
      [...state.values()].map((tensor) => ({ ...tensor, name: `old_${tensor.name}` })),
    );
    const report = await loadWeightsInto(model, path, { map: (name) => name.slice(4) });
    expect(report.loaded).toEqual(Object.keys(SHAPES));
    expect([...variable("conv_last", 1).dataSync()]).toEqual([...state.get("conv_last.bias")!.data]);
    const { loaded } = await loadWeightsInto(model, path, { map: (name) => name, strict: false });
    expect(loaded).toEqual([]);
  });

  it("names the file in the line and in the data, with the report", async () => {
    const path = join(temporaryFolder(), "x.pth");
    await writePth(path, stateOf({ ...SHAPES, "conv_last.bias": [150] }));
    const error = await loadWeightsInto(model, path).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(CheckpointError);
    expect(error).toMatchObject({
      code: "mismatch",
      data: {
        file: path,
        model: "toy",
        report: { missing: [], shapeMismatch: [{ name: "conv_last.bias", expected: [4], received: [150] }] },
      },
    });
    expect(error.message).toMatch(new RegExp(`^${path}: Expected the 9 weights of model toy .*[^.]\\.$`));
    const none = `${path}.none`;
    await expect(loadWeightsInto(model, none)).rejects.toMatchObject({ code: "not-found", data: { file: none } });
  });
});

describe("loadWeights, of names and views that a file chose to take time", () => {
  it("ends where names are long and of dots only", () => {
    const dots = ".".repeat(100_000);
    const shapes = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`${dots}${i}`, [1]]));
    expect(() => loadWeights(model, stateOf({ ...SHAPES, ...shapes }))).toThrow("those of another network");
    expect(modulesOf(Object.keys(shapes), ["a.b.weight"])).toEqual([""]);
  });

  it("takes no values of tensors of another shape to tell copies apart", () => {
    let looks = 0;
    const state = stateOf(SHAPES);
    const large = (name: string): NamedTensor => ({
      name,
      dtype: "float32",
      shape: [2 ** 20],
      get data() {
        looks++;
        return new Float32Array(2 ** 20);
      },
    });
    for (let i = 0; i < 1000; i++) {
      for (const name of Object.keys(SHAPES)) state.set(`copy${i}.${name}`, large(`copy${i}.${name}`));
    }
    expect(() => loadWeights(model, state)).toThrow("received 1001 copies of toy");
    expect(looks).toBe(0);
  });
});
