import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { temporaryFolder } from "@seg/testing/node";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DEMO_MODEL, DEMO_PHOTO } from "../../src/config/index.ts";
import { type ExportOptions, exportModel } from "../../src/export/index.ts";

const model = { ...DEMO_MODEL, set: { ...DEMO_MODEL.set, "DATASET.imgSizes": 96 } };
let photos: string;

beforeAll(async () => {
  photos = mkdtempSync(join(tmpdir(), "seg-test-"));
  // Fifty views of one photo.
  for (let i = 0; i < 50; i++) {
    const view = { left: 4 * i, top: 2 * i, width: 400, height: 300 };
    await sharp(DEMO_PHOTO)
      .extract(view)
      .resize(128, 96)
      .toFile(join(photos, `${i}.png`));
  }
});

afterAll(() => rmSync(photos, { recursive: true }));

const leftovers = () => readdirSync(tmpdir()).filter((name) => name.startsWith("seg-int8-"));

describe("exportModel with int8", () => {
  it("writes a smaller file, says what it costs, and leaves nothing else", async () => {
    const folder = temporaryFolder();
    const before = leftovers();
    const float32 = await exportModel({ ...model, out: join(folder, "float32.onnx") });
    const int8 = await exportModel({ ...model, int8: true, calibrate: [photos], out: join(folder, "int8.onnx") });
    expect(int8.bytes).toBeLessThan(0.35 * float32.bytes);
    expect(int8.int8).toMatchObject({ photos: 50 });
    expect(int8.int8!.agreement).toBeGreaterThan(0.8);
    expect(int8.int8!.agreement).toBeLessThanOrEqual(1);
    expect(float32.int8).toBeUndefined();
    expect({ inputs: int8.inputs, outputs: int8.outputs }).toEqual({
      inputs: float32.inputs,
      outputs: float32.outputs,
    });
    expect(leftovers()).toEqual(before);
    expect(readdirSync(folder).sort()).toEqual(["float32.onnx", "int8.onnx"]);
  });

  it.each<[string, ExportOptions, string]>([
    ["no photos", { int8: true }, "calibrate"],
    ["an empty list of photos", { int8: true, calibrate: [] }, "calibrate"],
    ["photos alone", { calibrate: ["photos"] }, "calibrate"],
    ["labelled photos alone", { images: "photos", labels: "labels" }, "images"],
    ["photos to score on without labels", { int8: true, calibrate: ["photos"], images: "photos" }, "labels"],
    ["float16 beside it", { int8: true, calibrate: ["photos"], half: true }, "half"],
    ["another format", { int8: true, calibrate: ["photos"], format: "tfjs" }, "int8"],
    ["another value", { int8: "yes" as unknown as boolean, calibrate: ["photos"] }, "int8"],
  ])("refuses %s before anything is read", async (_, options, option) => {
    await expect(exportModel({ ...model, ...options })).rejects.toMatchObject({ code: "option", data: { option } });
  });

  it("refuses fewer than 50 photos", async () => {
    const out = join(temporaryFolder(), "int8.onnx");
    const exported = exportModel({ ...model, int8: true, calibrate: [DEMO_PHOTO], out });
    await expect(exported).rejects.toThrow("Expected at least 50 photos to calibrate with but received 1.");
  });
});
