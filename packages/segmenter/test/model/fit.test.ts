import { createHash } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type NamedTensor,
  readCheckpoint,
  stateDictOf,
  type Tensors,
  writePth,
  writeSafetensors,
} from "@seg/checkpoint";
import { describeEngines, expectSampled, reference, type SampledTensor, uniform } from "@seg/testing";
import { temporaryFolder } from "@seg/testing/node";
import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { DEMO_CHECKPOINT, resolveConfig } from "../../src/config/index.ts";
import { describeBeginning, loadHalf, type Use } from "../../src/model/fit.ts";
import { buildSegmentationModel, halvesOf } from "../../src/model/segmentation-model.ts";

interface Foreign {
  input: [number, number, number, number];
  /** Of encoders whose names are the same there. */
  names: Record<string, string>;
  networks: Record<string, { encoder: string; tensors: Record<string, number[]>; features: SampledTensor[] }>;
}

const DEMO = (half: string) =>
  fileURLToPath(new URL(`../../../pipeline/demo/${half}_${DEMO_CHECKPOINT}`, import.meta.url));

function configOf(set: Record<string, unknown>) {
  const given = { "MODEL.arch_encoder": "mobilenetv2dilated", "MODEL.arch_decoder": "c1_deepsup", ...set };
  return resolveConfig(Object.entries(given).map(([key, value]) => ({ key, value, origin: "here" }))).config;
}

/** Loads a half of the configured network from a file, and hands it to `look`. */
async function load(
  half: "encoder" | "decoder",
  file: string,
  { set = {}, use = "training" as Use }: { set?: Record<string, unknown>; use?: Use } = {},
  look: (model: tf.LayersModel) => void | Promise<void> = () => {},
) {
  const config = configOf(set);
  const { MODEL, DATASET } = config;
  const whole = buildSegmentationModel({
    encoder: MODEL.arch_encoder,
    decoder: MODEL.arch_decoder,
    numClasses: DATASET.num_class,
    weights: "zeros",
  });
  try {
    const model = halvesOf(whole)[half];
    const report = await loadHalf({ half, model, file, config, use });
    await look(model);
    return report;
  } finally {
    whole.dispose();
  }
}

async function written(tensors: Tensors): Promise<string> {
  const file = join(temporaryFolder(), "weights.pth");
  await writePth(file, tensors);
  return file;
}

const renamed = (state: Iterable<NamedTensor>, name: (old: string) => string): NamedTensor[] =>
  [...state].map((tensor) => ({
    ...tensor,
    name: name(tensor.name),
    data: tensor.data,
    dtype: "float32",
    shape: tensor.shape,
  }));

/** Of names and values: comparing millions of numbers one by one takes a minute. */
function digest(state: Iterable<NamedTensor>): string {
  const hash = createHash("sha256");
  for (const { name, data } of state)
    hash.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return hash.digest("hex");
}

async function demo(half: string): Promise<NamedTensor[]> {
  return renamed((await readCheckpoint(DEMO(half))).values(), (name) => name);
}

/** The values that the reference gives a tensor. */
function madeUp(name: string, shape: readonly number[]): NamedTensor {
  const count = shape.reduce((a, b) => a * b, 1);
  const scale = 1.2 * Math.sqrt(3 / (count / (shape[0] ?? 1)));
  const map =
    shape.length === 4
      ? (u: number) => (2 * u - 1) * scale
      : name.endsWith(".weight")
        ? (u: number) => 0.5 + 0.5 * u
        : name.endsWith("running_var")
          ? (u: number) => 0.5 + u
          : (u: number) => (u - 0.5) * 0.2;
  return { name, dtype: "float32", shape, data: Float32Array.from(uniform(name, count, map)) };
}

describeEngines("Encoders of other implementations, loaded under their own names,", () => {
  const { input, names, networks } = reference<Foreign>("foreign.json");
  it("hrnetv2 has the very names and shapes that timm's hrnet_w48 has", async () => {
    const whole = buildSegmentationModel({ encoder: "hrnetv2", decoder: "c1", weights: "zeros" });
    const state = await stateDictOf(halvesOf(whole).encoder);
    const lines = [...state.values()].map(({ name, shape }) => `${name} [${shape.join(", ")}]`);
    expect(createHash("sha256").update(lines.sort().join("\n")).digest("hex")).toBe(names.hrnetv2);
    whole.dispose();
  });

  it.each(Object.entries(networks))(
    "%s give the features that it gives in PyTorch",
    async (_, { encoder, tensors, features }) => {
      const file = await written(Object.entries(tensors).map(([name, shape]) => madeUp(name, shape)));
      const decoder = encoder.startsWith("mobile") ? "c1" : "upernet";
      const set = { "MODEL.arch_encoder": encoder, "MODEL.arch_decoder": decoder };
      const fcDim = encoder.startsWith("mobile") ? 320 : 2048;
      await load("encoder", file, { set: { ...set, "MODEL.fc_dim": fcDim } }, async (model) => {
        const [batch, channels, height, width] = input;
        const nchw = Float32Array.from(uniform("image", batch * channels * height * width, (u) => 4 * (u - 0.5)));
        const image = tf.tidy(() => tf.transpose(tf.tensor(nchw, input), [0, 2, 3, 1]));
        const maps = model.predict(image) as tf.Tensor[];
        for (const [i, expected] of features.entries()) expectSampled(await maps[i]!.data(), expected, 1e-4);
        tf.dispose([image, ...maps]);
      });
    },
  );
}, ["wasm"]);

describe("Weights of a residual network with another stem", () => {
  const RESNET = { "MODEL.arch_encoder": "resnet18dilated", "MODEL.fc_dim": 512 };

  /** torchvision's names and shapes, where they matter. */
  async function torchvision(stem: Record<string, number[]>): Promise<string> {
    const { encoder } = halvesOf(
      buildSegmentationModel({ encoder: "resnet18dilated", decoder: "c1", weights: "zeros" }),
    );
    const state = await stateDictOf(encoder);
    for (const name of [...state.keys()]) if (/^(conv|bn)[123]\./.test(name)) state.delete(name);
    return written([...state.values(), ...Object.entries(stem).map(([name, shape]) => madeUp(name, shape))]);
  }

  it.each([
    ["training", "leave MODEL.weights_encoder (--weights-encoder) out to begin with MIT's own ImageNet weights."],
    ["inference", "take weights that were trained with this network."],
  ] as const)("are refused for %s with the reason and the way out", async (use, said) => {
    const file = await torchvision({ "conv1.weight": [64, 3, 7, 7], "bn1.weight": [64], "fc.weight": [1000, 512] });
    await expect(load("encoder", file, { set: RESNET, use })).rejects.toMatchObject({
      code: "mismatch",
      message:
        `${file}: Expected the stem of MIT's resnet18dilated, three 3×3 convolutions, but received one of a 7×7 convolution, ` +
        `as torchvision's and timm's have: ${said}`,
      data: { file, model: "resnet18dilated" },
    });
  });

  it("are refused where its three convolutions are narrower", async () => {
    const stem = {
      "conv1.0.weight": [32, 3, 3, 3],
      "conv1.3.weight": [32, 32, 3, 3],
      "conv1.6.weight": [64, 32, 3, 3],
    };
    await expect(load("encoder", await torchvision(stem), { set: RESNET })).rejects.toThrow(
      "64, 64 and 128 channels, but received one that begins with 32 channels: leave",
    );
  });
});

describe("Weights of another number of classes", () => {
  const ELEVEN = { "DATASET.num_class": 11 };

  it.each([
    ["safetensors", async () => DEMO("decoder")],
    ["a .pth file", async () => written(await demo("decoder"))],
    [
      "a file of both networks, wrapped",
      async () =>
        written([
          ...renamed(await demo("encoder"), (name) => `module.encoder.${name}`),
          ...renamed(await demo("decoder"), (name) => `module.decoder.${name}`),
          madeUp("module.crit.weight", [150]),
        ]),
    ],
  ])("begin a training but for the last layers, told by name: %s", async (_, make) => {
    const file = await make();
    let kept: Float32Array | undefined;
    const report = await load("decoder", file, { set: ELEVEN }, async (model) => {
      kept = (await stateDictOf(model)).get("cbr.0.weight")!.data as Float32Array;
    });
    expect(describeBeginning(file, report)).toMatch(
      /: 10 weights loaded; begun anew: conv_last, conv_last_deepsup \(150 outputs there, 11 here\)$/,
    );
    const whole = (await demo("decoder")).find(({ name }) => name === "cbr.0.weight")!;
    expect(digest([{ ...whole, data: kept! }])).toBe(digest([whole]));
  });

  it("are an error where all must fit, and for inference, with the way out that there is", async () => {
    const { message } = await load("decoder", DEMO("decoder"), { set: ELEVEN, use: "inference" }).catch(
      (error) => error,
    );
    expect(message).toMatch(
      /: the model has 11 classes and the weights are for 150; set DATASET\.num_class \(--num-class\) to 150\.$/,
    );
    const strict = await load("decoder", DEMO("decoder"), { set: { ...ELEVEN, "TRAIN.strict": "True" } }).catch(
      (error) => error,
    );
    expect(strict.message).toMatch(
      /to 150, or leave TRAIN\.strict \(--strict\) out so that the last layers begin anew\.$/,
    );
  });
});

describe("Weights of another network", () => {
  const C1 = { "MODEL.arch_decoder": "c1" };

  it.each(["training", "inference"] as const)("with a second head fit a decoder without one, for %s", async (use) => {
    const report = await load("decoder", DEMO("decoder"), { set: C1, use });
    expect(report.loaded).toHaveLength(7);
    expect(describeBeginning("a/x.pth", report)).toBe(
      "x.pth: 7 weights loaded; passed over: cbr_deepsup.0, cbr_deepsup.1, conv_last_deepsup",
    );
  });

  it.each(["training", "inference"] as const)("without a second head fit a decoder with one, for %s", async (use) => {
    const plain = await written((await demo("decoder")).filter(({ name }) => !name.includes("deepsup")));
    const report = await load("decoder", plain, { use });
    expect(describeBeginning("x.pth", report)).toBe(
      "x.pth: 7 weights loaded; begun anew: cbr_deepsup.0, cbr_deepsup.1, conv_last_deepsup",
    );
    await expect(load("decoder", plain, { set: { "TRAIN.strict": true } })).rejects.toMatchObject({ code: "mismatch" });
  });

  it("are refused by what is missing, and begin a training as far as they fit if that is wanted", async () => {
    const head = [
      ...(await demo("decoder")).filter(({ name }) => name.startsWith("cbr.")),
      madeUp("classifier.4.weight", [21, 80, 1, 1]),
    ];
    const file = await written(head);
    const refused = await load("decoder", file).catch((error) => error);
    expect(refused.message).toMatch(
      /2 missing: conv_last\.weight, conv_last\.bias.*or load what fits by --no-strict \(TRAIN\.strict False\)\.$/,
    );
    const inference = await load("decoder", file, { use: "inference" }).catch((error) => error);
    expect(inference.message).not.toContain("strict");
    const report = await load("decoder", file, { set: { "TRAIN.strict": false } });
    expect(report.loaded).toHaveLength(5);
    const nothing = await load("decoder", await written([madeUp("classifier.4.weight", [21, 80])]), {
      set: { "TRAIN.strict": false },
    }).catch((error) => error);
    expect(nothing.message).toMatch(
      /: name the weights of decoder c1_deepsup, or set MODEL\.arch_decoder to theirs\.$/,
    );
  });
});

describe("An encoder's weights of another network", () => {
  const RESNET = { "MODEL.arch_encoder": "resnet18dilated", "MODEL.fc_dim": 512 };
  const resnet = async (...more: NamedTensor[]) => {
    const whole = buildSegmentationModel({ encoder: "resnet18dilated", decoder: "c1", weights: "zeros" });
    try {
      return await written([...(await stateDictOf(halvesOf(whole).encoder)).values(), ...more]);
    } finally {
      whole.dispose();
    }
  };
  /** What a ResNet-34 has more than a ResNet-18, and squeeze-excitation layers. */
  const DEEPER = ["layer1.2.conv1.weight", "layer1.2.bn1.bias", "layer3.2.conv1.weight", "layer2.0.se.fc1.weight"];

  it.each([true, "auto"] as const)(
    "are refused where it is larger, by the layers that there are not: strict %s",
    async (strict) => {
      const file = await resnet(...DEEPER.map((name) => madeUp(name, [4])), madeUp("fc.weight", [1000, 512]));
      await expect(load("encoder", file, { set: { ...RESNET, "TRAIN.strict": strict } })).rejects.toMatchObject({
        code: "mismatch",
        message:
          `${file}: Expected the weights of model resnet18dilated but received those of another network: layer1.2, layer3.2, layer2.0.se ` +
          "are not in resnet18dilated: take weights of resnet18dilated, or set MODEL.arch_encoder to what these are of, or load what fits by " +
          "--no-strict (TRAIN.strict False).",
      });
    },
  );

  it("are passed over if that is wanted, in a line that names the layers", async () => {
    const file = await resnet(...DEEPER.map((name) => madeUp(name, [4])));
    const report = await load("encoder", file, { set: { ...RESNET, "TRAIN.strict": false } });
    expect(describeBeginning("x.pth", report)).toBe(
      `x.pth: ${report.loaded.length} weights loaded; passed over: layer1.2, layer3.2, layer2.0.se`,
    );
  });

  it("are taken without a word about the classifier of ImageNet, or what lies beside the network", async () => {
    const classifiers = [
      "fc.weight",
      "head.fc.bias",
      "last_linear.weight",
      "final_layer.0.weight",
      "incre_modules.0.0.conv1.weight",
    ];
    const file = await resnet(...[...classifiers, "optimizer.conv1.weight"].map((name) => madeUp(name, [4])));
    const report = await load("encoder", file, { set: { ...RESNET, "TRAIN.strict": true } });
    expect(describeBeginning("x.pth", report)).toBeUndefined();
  });
});

describe("Weights that are not finite", () => {
  it.each(["training", "inference"] as const)("are refused for %s, by file and tensor", async (use) => {
    const damaged = (await demo("decoder")).map((tensor) =>
      tensor.name === "cbr.1.running_var"
        ? { ...tensor, data: (tensor.data as Float32Array).map((value, i) => (i === 3 ? Number.NaN : value)) }
        : tensor,
    );
    const file = await written(damaged);
    await expect(load("decoder", file, { use })).rejects.toMatchObject({
      code: "not-finite",
      message: expect.stringContaining(`${file}: Expected finite weights but received NaN in cbr.1.running_var: take`),
      data: { file, tensor: "cbr.1.running_var" },
    });
  });
});

it("Batch norm's counters and running sums are no layers that are passed over", async () => {
  const aside = ["num_batches_tracked", "_tmp_running_mean", "_tmp_running_var", "_running_iter"];
  const file = await written([
    ...(await demo("decoder")),
    ...aside.map((name) => madeUp(`cbr_deepsup.1.${name}`, [1])),
  ]);
  const report = await load("decoder", file);
  expect(report.ignored).toHaveLength(aside.length);
  expect(describeBeginning(file, report)).toBeUndefined();
});

it("Both formats and either half of a file of both networks give the same", async () => {
  const folder = temporaryFolder();
  const both = [
    ...renamed(await demo("encoder"), (name) => `net.encoder.${name}`),
    ...renamed(await demo("decoder"), (name) => `net.decoder.${name}`),
  ];
  await writeSafetensors(join(folder, "whole.safetensors"), both);
  await writePth(join(folder, "whole.pth"), both);
  for (const half of ["encoder", "decoder"] as const) {
    const states: string[] = [];
    for (const file of [DEMO(half), join(folder, "whole.safetensors"), join(folder, "whole.pth")]) {
      await load(
        half,
        file,
        { use: "inference" },
        async (model) => void states.push(digest((await stateDictOf(model)).values())),
      );
    }
    expect(states[1]).toEqual(states[0]);
    expect(states[2]).toEqual(states[0]);
  }
});
