import { ADE20K_CLASSES } from "@seg/ade20k-data";
import type { InferenceModel } from "@seg/layers";
import { describe, expect, it } from "vitest";
import { resolveConfig } from "../src/config/index.ts";
import { Segmenter } from "../src/index.ts";

/** Gives one score map of two by two: sky (2) wins in the left column, wall (0) in the right, by one logit. */
const network: InferenceModel = {
  run: async () => {
    const data = new Float32Array(2 * 2 * 150).fill(-100);
    for (let i = 0; i < 4; i++) data.set([i % 2, -100, 1 - (i % 2)], i * 150);
    return [{ data, shape: [1, 2, 2, 150] }];
  },
  dispose: () => {},
};

const { config } = resolveConfig([{ key: "DATASET.imgSizes", value: [20, 30], origin: "here" }]);
const segmenter = () => new Segmenter({ config, engine: "none", classes: ADE20K_CLASSES, network });

const [width, height] = [40, 20];
const rgb = new Uint8Array(width * height * 3).fill(200);

describe("A segmenter without files", () => {
  it("labels pixels of any form, at their own size, and tells of each scale", async () => {
    const rgba = new Uint8ClampedArray(width * height * 4).fill(200);
    for (const data of [rgb, rgba]) {
      const seen: number[][] = [];
      const found = await segmenter().segment({ data, width, height }, { onProgress: (...at) => seen.push(at) });
      expect([...found.labels.slice(0, width)]).toEqual([...Array(20).fill(2), ...Array(20).fill(0)]);
      expect(found.image).toEqual({ data: rgb, width, height });
      expect(found.classes.map(({ name, share }) => [name, share])).toEqual([
        ["wall", 0.5],
        ["sky", 0.5],
      ]);
      expect(seen).toEqual([
        [1, 2],
        [2, 2],
      ]);
    }
  });

  it("looks at a photo at the sizes that are wished for it alone", async () => {
    const one = segmenter();
    const seen: number[] = [];
    const at = (sizes?: readonly number[]) =>
      one.segment({ data: rgb, width, height }, { sizes, onProgress: (_, total) => seen.push(total) });
    await at([10]);
    await at([10, 20, 30]);
    await at();
    expect(seen).toEqual([1, 3, 3, 3, 2, 2]);
    for (const sizes of [[], [0], [1.5], [20, Number.NaN], 20, "20", null]) {
      await expect(at(sizes as never)).rejects.toMatchObject({ code: "option", data: { option: "sizes" } });
    }
  });

  it("has masks, a legend, an overlay, and probabilities where they are asked for", async () => {
    const found = await segmenter().segment({ data: rgb, width, height }, { scores: true });
    expect(found.mask("sky").data.filter((value) => value === 255)).toHaveLength(400);
    expect(() => found.mask("skyy")).toThrow('did you mean "sky"');
    expect(found.legend().height).toBe(2 * 26 + 10);
    // Half of the photo's grey, half of the sky's colour (6, 230, 230).
    expect([...found.overlay(0.5).data.slice(0, 3)]).toEqual([103, 215, 215]);
    expect(found.scores!.shape).toEqual([height, width, 150]);
    const [first] = found.scores!.rows();
    expect(first![2]).toBeCloseTo(1 / (1 + Math.exp(-1)), 6);
  });

  it("refuses what are no pixels, and work once it is disposed", async () => {
    const one = segmenter();
    for (const photo of [{ data: new Uint8Array(10), width, height }, {}, "a.jpg"]) {
      await expect(one.segment(photo as never)).rejects.toMatchObject({ code: "option", data: { option: "photo" } });
    }
    one.dispose();
    one.dispose();
    await expect(one.segment({ data: rgb, width, height })).rejects.toMatchObject({ code: "failed" });
  });
});
