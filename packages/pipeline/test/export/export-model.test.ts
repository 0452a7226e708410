import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ADE20K_CLASSES, INPUT_RECIPES } from "@seg/ade20k-data";
import { readCheckpoint, type TensorData } from "@seg/checkpoint";
import { temporaryFolder } from "@seg/testing/node";
import ort from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { DEMO_MODEL, EXPORT_FORMATS, exportModel } from "../../src/index.ts";

const ENCODER = join(DEMO_MODEL.set.DIR, "encoder_epoch_1.safetensors");
const DECODER = join(DEMO_MODEL.set.DIR, "decoder_epoch_1.safetensors");

/** Whether two lists hold the same bytes; vitest's own comparison takes seconds for millions of numbers. */
const same = (a: TensorData, b: TensorData) =>
  Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength));

const bytesOfAll = (files: readonly { path: string }[]) => files.map(({ path }) => statSync(path).size);

describe("exportModel", () => {
  it.each(EXPORT_FORMATS)("tells the files of %s and their sizes as they are", async (format) => {
    const out = join(temporaryFolder(), "model");
    const result = await exportModel({ ...DEMO_MODEL, format, out });
    expect(bytesOfAll(result.files)).toEqual(result.files.map(({ bytes }) => bytes));
    const names = format === "onnx" ? [out] : readdirSync(out).map((name) => join(out, name));
    expect(result.files.map(({ path }) => path).sort()).toEqual(names.sort());
    expect(result).toMatchObject({
      format,
      path: out,
      half: false,
      architecture: "mobilenetv2dilated-c1_deepsup",
      weights: { encoder: ENCODER, decoder: DECODER },
    });
  });

  it("tells the inputs and outputs that ONNX Runtime finds in the file", async () => {
    const out = join(temporaryFolder(), "model.onnx");
    for (const options of [{}, { output: "labels", size: "given", input: "rgb", layout: "nhwc" }] as const) {
      const { inputs, outputs } = await exportModel({ ...DEMO_MODEL, ...options, out });
      const session = await ort.InferenceSession.create(out);
      const found = (list: readonly ort.InferenceSession.ValueMetadata[]) =>
        list.map((one) => (one.isTensor ? { name: one.name, dtype: one.type, shape: one.shape } : one));
      expect(inputs).toEqual(found(session.inputMetadata));
      expect(outputs).toEqual(found(session.outputMetadata));
    }
  });

  it("writes classes, colours, the input's format, short sides and padding into files that have a place for them", async () => {
    const out = temporaryFolder();
    const { photo } = await exportModel({ ...DEMO_MODEL, format: "tfjs", out });
    const { mean, std } = INPUT_RECIPES.rgb;
    expect(photo).toEqual({ sizes: [300], maxSize: 1000, paddingConstant: 8, channels: "rgb", range: 1, mean, std });
    const { userDefinedMetadata } = JSON.parse(readFileSync(join(out, "model.json"), "utf8"));
    const metadata = {
      architecture: "mobilenetv2dilated-c1_deepsup",
      classes: ADE20K_CLASSES.map(({ name }) => name),
      colors: ADE20K_CLASSES.map(({ color }) => color),
      input_format: { channels: "rgb", range: 1, mean, std },
      short_sides: [300],
      max_size: 1000,
      padding_constant: 8,
    };
    expect(userDefinedMetadata).toEqual(metadata);
    await exportModel({ ...DEMO_MODEL, out: join(out, "model.onnx") });
    const file = readFileSync(join(out, "model.onnx"), "latin1");
    for (const [key, value] of Object.entries(metadata)) {
      const text = typeof value === "string" ? value : JSON.stringify(value);
      expect(file).toContain(key);
      expect(file).toContain(text);
    }
  });

  it.each(["safetensors", "pth"] as const)("keeps a checkpoint's tensors in %s, or halves them", async (format) => {
    const folder = temporaryFolder();
    await exportModel({ ...DEMO_MODEL, format, out: join(folder, "whole") });
    await exportModel({ ...DEMO_MODEL, format, out: join(folder, "half"), half: true });
    const before = await readCheckpoint(ENCODER);
    const whole = await readCheckpoint(join(folder, "whole", `encoder_epoch_1.${format}`));
    const half = await readCheckpoint(join(folder, "half", `encoder_epoch_1.${format}`));
    expect([...whole.keys()].sort()).toEqual([...before.keys()].sort());
    for (const [name, { data, shape }] of before) {
      expect(whole.get(name)).toMatchObject({ shape, dtype: "float32" });
      expect(same(whole.get(name)!.data, data)).toBe(true);
      // They were float16 before: nothing is lost.
      expect(half.get(name)!.dtype).toBe("float16");
      expect(same(half.get(name)!.data, data)).toBe(true);
    }
  });
});

describe("What stands in an export's place", () => {
  it.each(EXPORT_FORMATS)("is replaced if it is an earlier export as %s", async (format) => {
    const folder = temporaryFolder();
    const out = join(folder, "model");
    const first = await exportModel({ ...DEMO_MODEL, format, out });
    const second = await exportModel({ ...DEMO_MODEL, format, out, half: true });
    expect(second.bytes).toBeLessThan(first.bytes);
    expect(bytesOfAll(second.files)).toEqual(second.files.map(({ bytes }) => bytes));
    expect(readdirSync(folder)).toEqual(["model"]);
  });

  it("is replaced through a link, which stays", async () => {
    const folder = temporaryFolder();
    await exportModel({ ...DEMO_MODEL, out: join(folder, "a.onnx") });
    symlinkSync("a.onnx", join(folder, "b.onnx"));
    await exportModel({ ...DEMO_MODEL, out: join(folder, "b.onnx"), half: true });
    expect(statSync(join(folder, "a.onnx")).size).toBeLessThan(5e6);
    expect(readdirSync(folder).sort()).toEqual(["a.onnx", "b.onnx"]);
  });

  it("stays if it is anything else", async () => {
    const folder = temporaryFolder({ "other.onnx": "not ours" });
    for (const name of ["other.onnx", "site", "epochs"]) {
      const out = join(folder, name);
      if (name !== "other.onnx") mkdirSync(out);
      if (name === "site") writeFileSync(join(out, "model.json"), "{}");
      if (name === "epochs") writeFileSync(join(out, "encoder_epoch_18.pth"), "another epoch");
      const format = ({ site: "tfjs", epochs: "pth" } as const)[name as "site"] ?? "onnx";
      const before = statSync(out).isFile() ? readFileSync(out, "utf8") : readdirSync(out);
      await expect(exportModel({ ...DEMO_MODEL, format, out })).rejects.toMatchObject({
        code: "option",
        data: { option: "out", file: out },
      });
      expect(statSync(out).isFile() ? readFileSync(out, "utf8") : readdirSync(out)).toEqual(before);
    }
  });

  it("stays if the weights themselves lie there", async () => {
    const out = temporaryFolder();
    const weights = { encoder: join(out, "encoder_a.safetensors"), decoder: join(out, "decoder_a.safetensors") };
    copyFileSync(ENCODER, weights.encoder);
    copyFileSync(DECODER, weights.decoder);
    const options = { ...DEMO_MODEL, weights, out, format: "safetensors" } as const;
    await expect(exportModel(options)).rejects.toMatchObject({ code: "option", data: { option: "out" } });
    expect(readdirSync(out).sort()).toEqual(["decoder_a.safetensors", "encoder_a.safetensors"]);
  });
});

describe("exportModel refuses, before it looks for weights,", () => {
  it.each([
    ["a format that there is not", { format: "onx" }, "format"],
    ["an option that there is not", { formt: "onnx" }, "formt"],
    ["an option of another format", { format: "safetensors", output: "labels" }, "output"],
    ["a word that is none of the choices", { output: "masks" }, "output"],
    ["half that is no flag", { half: "yes" }, "half"],
    ["an empty path", { out: "" }, "out"],
    ["an ONNX file as source", { weights: { onnx: "a.onnx" } }, "weights_onnx"],
  ])("%s", async (_, options, option) => {
    await expect(exportModel({ ...DEMO_MODEL, ...options } as never)).rejects.toMatchObject({
      name: "PipelineError",
      code: "option",
      data: { option },
    });
  });
});

it("exportModel refuses bytes for a network of BGR as a graph model, which could not reorder them", async () => {
  const set = { ...DEMO_MODEL.set, "MODEL.inputFormat": "bgr-2018" };
  const out = join(temporaryFolder(), "model");
  const options = { config: DEMO_MODEL.config, set, format: "tfjs", input: "rgb", out } as const;
  await expect(exportModel(options)).rejects.toMatchObject({ code: "option", data: { option: "input" } });
});
