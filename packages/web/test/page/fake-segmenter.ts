import type { CreateSegmenter, PageClass } from "../../src/page/segmenter.ts";

/**
 * Takes the place of `createSegmenter` in tests of the page. It sees bands of five classes in every photo, at once, unless the photo's name
 * asks for something else: `slow…` waits until it is cancelled, `lost…` loses its worker the first time, `memory…` finds none.
 * A model of the address `…/missing/` cannot be loaded, one of `…/small/` takes 10 000 pixels.
 */
export const createSegmenter: CreateSegmenter = async ({ model, backend, signal, onProgress }) => {
  if (typeof model === "string" && model.endsWith("/missing/")) {
    throw Object.assign(new Error(`Expected weights at ${model} but the server answered 404: look at the address.`), {
      code: "missing",
    });
  }
  onProgress({ kind: "download", done: 1_000_000, total: 4_000_000, name: "encoder_epoch_1.safetensors" });
  onProgress({ kind: "engine", name: "wasm", reason: "no GPU" });
  signal.throwIfAborted();
  const lost = new Set<string>();
  return {
    engine: {
      name: backend === "auto" ? "wasm" : backend,
      reasons: ["WebGPU: this browser has none.", "WebGL: no graphics processor."],
    },
    classes: CLASSES,
    config: { DATASET: { max_pixels: String(model).endsWith("/small/") ? 10_000 : 178_956_970 } },
    async segment(photo, { signal, onProgress }) {
      const name = photo instanceof File ? photo.name : "";
      const bitmap = await createImageBitmap(photo);
      const { width, height } = bitmap;
      bitmap.close();
      onProgress(0, 5);
      if (name.startsWith("slow")) {
        onProgress(2, 5);
        await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      }
      if (name.startsWith("memory")) throw new RangeError("Array buffer allocation failed");
      if (name.startsWith("lost") && !lost.has(name)) {
        lost.add(name);
        throw Object.assign(new Error("The worker ended."), { code: "worker" });
      }
      // Wavy bands: 40, 30, 15, 10 and 5 percent of the height.
      const labels = new Uint8Array(width * height);
      const ends = [0.4, 0.7, 0.85, 0.95, 1];
      for (let y = 0, at = 0; y < height; y++) {
        for (let x = 0; x < width; x++, at++) {
          const wave = name.startsWith("flat") ? 0 : 0.04 * Math.sin((x / width) * 9);
          labels[at] = CLASSES[ends.findIndex((end) => end === 1 || y / height + wave < end)]!.index;
        }
      }
      const classes = CLASSES.map((one) => ({
        ...one,
        share: labels.filter((label) => label === one.index).length / labels.length,
      }));
      return {
        labels,
        width,
        height,
        classes: classes.filter(({ share }) => share > 0).sort((a, b) => b.share - a.share),
        times: { decode: 12, network: 340, labels: 20 },
      };
    },
    dispose() {},
  };
};

const CLASSES: readonly PageClass[] = [
  { index: 0, name: "sky", color: [6, 230, 230] },
  { index: 1, name: "building", color: [180, 120, 120] },
  { index: 2, name: "tree", color: [4, 200, 3] },
  { index: 3, name: "road", color: [140, 140, 140] },
  { index: 4, name: "person", color: [150, 5, 61] },
];
