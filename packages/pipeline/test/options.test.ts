import { describe, expect, it } from "vitest";
import { createSegmenter, DEMO_MODEL, evaluate, gatherImages, loadConfig, segmentPhotos, train } from "../src/index.ts";

const error = async (run: () => unknown) => {
  try {
    await run();
  } catch (thrown) {
    return thrown;
  }
  return undefined;
};

describe("An option that there is not", () => {
  it("is refused with the nearest name, before anything is read", async () => {
    for (const [run, option, nearest] of [
      [() => createSegmenter({ ...DEMO_MODEL, arch: "resnet18dilated-c1" } as never), "arch", "architecture"],
      [() => createSegmenter({ ...DEMO_MODEL, numClass: 3 } as never), "numClass", undefined],
      [() => evaluate({ ...DEMO_MODEL, multiscale: true } as never), "multiscale", "multiScale"],
      [() => train({ replica: 2 } as never), "replica", "replicas"],
      [() => train({ weights: {} } as never), "weights", undefined],
      [() => loadConfig({ config: "hrnetv2-c1" } as never), "config", undefined],
      [() => segmentPhotos({} as never, [], { folder: "x", legends: true } as never), "legends", "legend"],
    ] as const) {
      expect(await error(run), option).toMatchObject({
        name: "PipelineError",
        code: "option",
        data: { option, nearest },
      });
    }
  });
});

describe("An option of the wrong type, or no options object,", () => {
  it("is refused, before anything is read", async () => {
    for (const [run, option] of [
      [() => createSegmenter({ config: 5 } as never), "config"],
      [() => createSegmenter({ architecture: "resnet18" } as never), "architecture"],
      [() => createSegmenter({ ...DEMO_MODEL, signal: "x" } as never), "signal"],
      [() => evaluate({ ...DEMO_MODEL, onProgress: "x" } as never), "onProgress"],
      [() => evaluate({ ...DEMO_MODEL, limit: 0 }), "limit"],
      [() => evaluate({ ...DEMO_MODEL, limit: "3" } as never), "limit"],
      [() => train({ warn: 5 } as never), "warn"],
      [() => loadConfig("hrnetv2-c1" as never), undefined],
      [() => createSegmenter(null as never), undefined],
      [() => gatherImages("x.jpg" as never), "inputs"],
      [() => segmentPhotos({} as never, [{ source: "a.jpg", name: "../a" }], { folder: "x" }), "name"],
    ] as const) {
      const data = option === undefined ? expect.anything() : expect.objectContaining({ option });
      expect(await error(run), option).toMatchObject({ name: "PipelineError", code: "option", data });
    }
  });
});
