import { join } from "node:path";
import { MAX_PIXELS } from "@seg/ade20k-data";
import { isSegError, type SegError } from "@seg/errors";
import { CONFIG_KEYS } from "@seg/segmenter/config";
import { temporaryFolder } from "@seg/testing/node";
import { describe, expect, it } from "vitest";
import { DEMO_MODEL } from "../../src/config/demo-model.ts";
import { type ConfigSources, loadConfig } from "../../src/config/load.ts";
import { configToYaml } from "../../src/config/print.ts";

const yaml = (text: string) => ({ cfg: join(temporaryFolder({ "my.yaml": text }), "my.yaml") });

function complaint(sources: ConfigSources): SegError {
  try {
    loadConfig(sources);
  } catch (error) {
    expect(error).toMatchObject({
      name: "PipelineError",
      message: expect.stringMatching(/^(Expected|Unknown) .*[.?]$/),
    });
    if (isSegError(error)) return error;
  }
  return expect.unreachable("nothing was refused");
}

describe("values", () => {
  it("are MIT's where nothing is set", () => {
    const { DATASET, MODEL, TRAIN, VAL, TEST, DIR } = loadConfig().config;
    expect(MODEL).toEqual({
      arch_encoder: "resnet50dilated",
      arch_decoder: "ppm_deepsup",
      weights_encoder: "",
      weights_decoder: "",
      weights_onnx: "",
      fc_dim: 2048,
      inputFormat: "rgb",
    });
    expect(DATASET).toMatchObject({ root_dataset: "./data/", list_val: "./data/validation.odgt", random_flip: true });
    expect(DATASET).toMatchObject({ padding_constant: 8, segm_downsampling_rate: 8, padLabel: "ignore", classes: "" });
    expect(TRAIN).toMatchObject({ start_epoch: 0, optim: "SGD", fix_bn: false });
    expect(VAL).toEqual({ visualize: false, checkpoint: "epoch_20.pth", batch_size: 1 });
    expect(TEST).toEqual({ checkpoint: "epoch_20.pth", result: "./", batch_size: 1 });
    expect(DIR).toBe("ckpt/ade20k-resnet50dilated-ppm_deepsup");
  });

  it("are written in Python's way", () => {
    const { DATASET, TRAIN, MODEL } = loadConfig(
      yaml(`DATASET:
  imgSizes: (600,)
  random_flip: False
TRAIN:
  weight_decay: 1e-4
  lr_encoder: "2e-2"
  fix_bn: True
MODEL:
  arch_encoder: ResNet18Dilated
  weights_encoder: None
VAL:
`),
    ).config;
    expect([DATASET.imgSizes, DATASET.random_flip]).toEqual([[600], false]);
    expect([TRAIN.weight_decay, TRAIN.lr_encoder, TRAIN.fix_bn]).toEqual([0.0001, 0.02, true]);
    expect(MODEL).toMatchObject({ arch_encoder: "resnet18dilated", fc_dim: 512, weights_encoder: "" });
  });

  it("stay text where text is wanted", () => {
    const { config } = loadConfig({ ...yaml("DIR: 2018\n"), pairs: ["TEST.result", "1e3"] });
    expect([config.DIR, config.TEST.result]).toEqual(["2018", "1e3"]);
  });

  it("may be pairs in one word each", () => {
    const { config } = loadConfig({ pairs: ["DIR=a=b", "DATASET.num_class", "3", "TEST.result=out"] });
    expect([config.DIR, config.DATASET.num_class, config.TEST.result]).toEqual(["a=b", 3, "out"]);
  });

  it("come from flags before pairs and --set, these before the file, this before defaults", () => {
    const file = yaml("DATASET:\n  num_class: 2\n  imgMaxSize: 2\nTRAIN:\n  seed: 2\n");
    const { DATASET, TRAIN } = loadConfig({
      ...file,
      pairs: ["DATASET.num_class", "3", "DATASET.imgMaxSize", "3"],
      set: ["TRAIN.workers=3"],
      flags: [{ key: "DATASET.num_class", value: "4", origin: "--num-class" }],
    }).config;
    expect([DATASET.num_class, DATASET.imgMaxSize, TRAIN.seed, TRAIN.workers, TRAIN.disp_iter]).toEqual([
      4, 3, 2, 3, 20,
    ]);
  });

  it("may be keys with values of their own kind, as the demo's model has them", () => {
    const { config } = loadConfig({ cfg: DEMO_MODEL.config, set: { ...DEMO_MODEL.set, "DATASET.imgSizes": [64, 96] } });
    expect(config.DATASET.imgSizes).toEqual([64, 96]);
    const words = Object.entries(DEMO_MODEL.set).map(([key, value]) => `${key}=${value}`);
    expect(loadConfig({ cfg: DEMO_MODEL.config, set: DEMO_MODEL.set }).config).toEqual(
      loadConfig({ cfg: DEMO_MODEL.config, set: words }).config,
    );
    expect(complaint({ set: { "DATSET.imgSizes": 3 } }).data).toMatchObject({ nearest: "DATASET.imgSizes" });
    expect(complaint({ set: "TRAIN.seed=3" as never })).toMatchObject({ code: "option", data: { option: "set" } });
  });

  it.each([
    ["resnet18", "c1", 32, 32],
    ["resnet18dilated", "upernet", 8, 4],
    ["hrnetv2", "ppm", 32, 4],
    ["resnet101", "upernet_lite", 32, 4],
    ["mobilenetv2dilated", "ppm", 8, 8],
  ])("follow from %s with %s", (encoder, decoder, padding, rate) => {
    const { DATASET, DIR } = loadConfig({
      set: [`MODEL.arch_encoder=${encoder}`, `MODEL.arch_decoder=${decoder}`],
    }).config;
    expect([DATASET.padding_constant, DATASET.segm_downsampling_rate]).toEqual([padding, rate]);
    expect(DIR).toBe(`ckpt/ade20k-${encoder}-${decoder}`);
  });

  it("know that the weights of 2018 want BGR", () => {
    expect(loadConfig({ pairs: ["DIR", "x/baseline-resnet50dilated-ppm_deepsup"] }).config.MODEL.inputFormat).toBe(
      "bgr-2018",
    );
    expect(loadConfig({ pairs: ["DIR", "x/baseline-a", "MODEL.inputFormat", "rgb"] }).config.MODEL.inputFormat).toBe(
      "rgb",
    );
  });
});

describe("a complaint", () => {
  it("names the key that was meant", () => {
    const file = yaml("DATASET:\n  root_dataset: .\n  num_clas: 3\n");
    expect(complaint(file)).toMatchObject({
      code: "config",
      data: { key: "DATASET.num_clas", origin: `${file.cfg}:3`, nearest: "DATASET.num_class" },
    });
    expect(complaint({ pairs: ["TRAIN.num_class", "3"] }).data).toMatchObject({ nearest: "DATASET.num_class" });
    expect(complaint({ set: ["DATSET.imgSizes=3"] }).data).toMatchObject({ nearest: "DATASET.imgSizes" });
  });

  it("names the file and line of what is not YAML", () => {
    const unclosed = yaml("DIR: a\nMODEL: [1, 2\nTEST: b\n");
    expect(complaint(unclosed)).toMatchObject({
      code: "config",
      data: { file: unclosed.cfg, line: expect.toBeOneOf([2, 3]), reason: expect.any(String) },
    });
    const twice = yaml("DIR: a\nDIR: b\n");
    expect(complaint(twice).data).toEqual({ file: twice.cfg, line: 2, reason: "map keys must be unique" });
    const words = yaml("just words\n");
    expect(complaint(words)).toMatchObject({ code: "config", data: { file: words.cfg, line: 1 } });
    const section = yaml("DATASET: 5\n");
    expect(complaint(section)).toMatchObject({
      code: "config",
      data: { key: "DATASET", origin: `${section.cfg}:1`, received: 5 },
    });
  });

  it("tells what was expected, what came, and the way out", () => {
    const { cfg } = yaml("TRAIN:\n  lr_pow: fast\n");
    expect(complaint({ cfg }).message).toBe(
      `Expected a number of at least 0 for TRAIN.lr_pow but received "fast" (${cfg}:2): the default is 0.9.`,
    );
  });

  it.each<[string, string, unknown]>([
    ["DATASET.num_class=0", "a whole number from 1 to 255", "0"],
    ["DATASET.num_class=1.5", "a whole number from 1 to 255", "1.5"],
    ["DATASET.imgSizes=(300, big)", "short sides in pixels", "(300, big)"],
    ["DATASET.random_scale=(2, 0.5)", "two numbers above 0, the smaller one first", "(2, 0.5)"],
    ["DATASET.crop_size=(0, 512)", "(height, width), or 0", "(0, 512)"],
    ["DATASET.jitter_hue=0.6", "from 0 to 0.5", "0.6"],
    ["DATASET.imgSizes=()", "short sides in pixels", "()"],
    ["TRAIN.fix_bn=maybe", "True or False", "maybe"],
    ["TRAIN.optim=RMSprop", "one of SGD, Adam", "RMSprop"],
    ["TRAIN.beta1=1", "from 0 up to, but not, 1", "1"],
    ["TEST.batch_size=2", "1, because images differ in size", "2"],
  ])("carries key, origin and value of --set %s", (set, expected, received) => {
    const [key] = set.split("=");
    expect(complaint({ set: [set] })).toMatchObject({
      code: "config",
      data: { key, origin: "--set", expected: expect.stringContaining(expected), received },
    });
  });

  it("carries values of a file that are no text", () => {
    expect(complaint(yaml("DIR: [a]\n")).data).toMatchObject({ key: "DIR", expected: "text", received: ["a"] });
    expect(complaint(yaml("DATASET:\n  num_class: {a: 1}\n")).data).toMatchObject({
      key: "DATASET.num_class",
      received: { a: 1 },
    });
  });

  it("says which fc_dim fits", () => {
    const set = ["MODEL.arch_encoder=mobilenetv2dilated", "MODEL.arch_decoder=c1_deepsup", "MODEL.fc_dim=2048"];
    expect(complaint({ set })).toMatchObject({
      code: "config",
      data: { key: "MODEL.fc_dim", origin: "--set", encoder: "mobilenetv2dilated", expected: 320, received: 2048 },
    });
  });

  it("names the architecture that was meant", () => {
    expect(complaint({ set: ["MODEL.arch_encoder=resnet50dilatd"] })).toMatchObject({
      code: "config",
      data: { key: "MODEL.arch_encoder", origin: "--set", received: "resnet50dilatd", nearest: "resnet50dilated" },
    });
    const unlike = complaint({ pairs: ["MODEL.arch_decoder", "fcn"] });
    expect(unlike.data).toMatchObject({ key: "MODEL.arch_decoder", received: "fcn", nearest: undefined });
    expect(unlike.message).toContain("the choices are c1, c1_deepsup, ppm,");
  });

  it("says which decoder an encoder cannot feed", () => {
    const pair = (encoder: string, decoder: string) => [
      `MODEL.arch_encoder=${encoder}`,
      `MODEL.arch_decoder=${decoder}`,
    ];
    expect(complaint({ set: pair("mobilenetv2dilated", "upernet") })).toMatchObject({
      code: "config",
      data: { encoder: "mobilenetv2dilated", decoder: "upernet", received: "5" },
    });
    expect(complaint({ set: pair("hrnetv2", "c1_deepsup") })).toMatchObject({
      code: "config",
      data: { encoder: "hrnetv2", decoder: "c1_deepsup", received: "1" },
    });
  });

  it("asks for sides that the label's size divides", () => {
    expect(complaint({ set: ["DATASET.padding_constant=8", "DATASET.segm_downsampling_rate=16"] })).toMatchObject({
      code: "config",
      data: { key: "DATASET.padding_constant", origin: "--set", expected: 16, received: 8 },
    });
  });

  it("asks for the key without which another does nothing", () => {
    expect(complaint({ set: ["DATASET.cat_max_ratio=0.75"] })).toMatchObject({
      code: "config",
      data: { key: "DATASET.cat_max_ratio", origin: "--set", expected: "DATASET.crop_size", received: 0.75 },
    });
    expect(complaint({ set: ["TRAIN.early_stop=3"] })).toMatchObject({
      code: "config",
      data: { key: "TRAIN.early_stop", origin: "--set", expected: "TRAIN.eval_every", received: 3 },
    });
  });

  it("misses a value, an equals sign or a file", () => {
    expect(complaint({ pairs: ["DIR"] })).toMatchObject({ code: "option", data: { option: "pairs", received: "DIR" } });
    expect(complaint({ set: ["DIR"] })).toMatchObject({ code: "option", data: { option: "set", received: "DIR" } });
    expect(complaint({ cfg: "no/such.yaml" })).toMatchObject({ code: "config", data: { file: "no/such.yaml" } });
    expect(complaint({ cfg: "resnet50-upernt" }).data).toEqual({
      file: "resnet50-upernt",
      nearest: "resnet50-upernet",
    });
    const folder = temporaryFolder();
    expect(complaint({ cfg: folder })).toMatchObject({
      code: "config",
      data: { file: folder, reason: "it is a folder" },
      cause: { data: { systemCode: "EISDIR" } },
    });
  });
});

it("takes a crop's side, or its height and width, or none", () => {
  const cropOf = (value: string) => loadConfig({ set: [`DATASET.crop_size=${value}`] }).config.DATASET.crop_size;
  expect(cropOf("512")).toEqual([512, 512]);
  expect(cropOf("(512, 1024)")).toEqual([512, 1024]);
  expect(cropOf("0")).toEqual([0, 0]);
});

it("prints a configuration that reads back the same", () => {
  const set = [
    "MODEL.arch_encoder=hrnetv2",
    "MODEL.arch_decoder=c1",
    "TRAIN.weight_decay=3e-7",
    "DATASET.imgSizes=450",
    "DIR=a: b #c",
  ];
  const { config } = loadConfig({ set });
  expect(loadConfig(yaml(configToYaml(config))).config).toEqual(config);
  expect(config).toMatchObject({ TRAIN: { weight_decay: 3e-7 }, DATASET: { imgSizes: [450] }, DIR: "a: b #c" });
});

it("knows every key of the original", () => {
  const original =
    `DATASET.root_dataset DATASET.list_train DATASET.list_val DATASET.num_class DATASET.imgSizes DATASET.imgMaxSize
    DATASET.padding_constant DATASET.segm_downsampling_rate DATASET.random_flip MODEL.arch_encoder MODEL.arch_decoder
    MODEL.weights_encoder MODEL.weights_decoder MODEL.fc_dim TRAIN.batch_size_per_gpu TRAIN.num_epoch TRAIN.start_epoch
    TRAIN.epoch_iters TRAIN.optim TRAIN.lr_encoder TRAIN.lr_decoder TRAIN.lr_pow TRAIN.beta1 TRAIN.weight_decay
    TRAIN.deep_sup_scale TRAIN.fix_bn TRAIN.workers TRAIN.disp_iter TRAIN.seed VAL.visualize VAL.checkpoint VAL.batch_size
    TEST.checkpoint TEST.result TEST.batch_size DIR`.split(/\s+/);
  const ours =
    `DATASET.random_scale DATASET.crop_size DATASET.cat_max_ratio DATASET.jitter_brightness DATASET.jitter_contrast
    DATASET.jitter_saturation DATASET.jitter_hue DATASET.blur_prob DATASET.blur_sigma DATASET.rare_class_temp
    DATASET.rare_class_min_pixels DATASET.classes DATASET.padLabel DATASET.label_map DATASET.ignore_label DATASET.label_orientation DATASET.max_pixels
    MODEL.weights_onnx MODEL.inputFormat TRAIN.warmup_iters TRAIN.clip_norm TRAIN.accumulate TRAIN.keep TRAIN.save_every_iters
    TRAIN.replica_weight
    TRAIN.loss TRAIN.class_weights TRAIN.effective_beta
    TRAIN.ohem_threshold TRAIN.ohem_min_kept TRAIN.focal_gamma
    TRAIN.eval_every TRAIN.early_stop TRAIN.ema_decay TRAIN.strict`.split(/\s+/);
  expect(new Set(CONFIG_KEYS)).toEqual(new Set([...original, ...ours]));
});

it("refuses images by default where the reader of images does", () => {
  expect(loadConfig().config.DATASET.max_pixels).toBe(MAX_PIXELS);
});
