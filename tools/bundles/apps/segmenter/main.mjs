import { createSegmenter } from "@seg/web";

const CONFIG = `
MODEL:
  arch_encoder: mobilenetv2dilated
  arch_decoder: c1_deepsup
DATASET:
  imgSizes: 300
`;

/** @param {string} name - of a file of the demo model. */
const bytesOf = async (name) => (await fetch(`/demo/${name}`)).arrayBuffer();

/** @param {string} name */
const fileOf = async (name) => new File([await bytesOf(name)], name);

/** Segments a photo by a model, both of bytes, on the engine that the address names. */
async function run() {
  const { engine, wasmPaths, worker } = Object.fromEntries(new URLSearchParams(location.search));
  const segmenter = await createSegmenter({
    model: [await fileOf("encoder_epoch_1.safetensors"), await fileOf("decoder_epoch_1.safetensors")],
    config: new Blob([CONFIG]),
    backend: /** @type {"wasm"} */ (engine),
    wasmPaths,
    createWorker: worker === undefined ? undefined : () => new Worker(worker, { type: "module" }),
  });
  const { labels, width, height } = await segmenter.segment(new Blob([await bytesOf("china.jpg")]));
  segmenter.dispose();
  return { engine: segmenter.engine.name, labels: labels.join(), width, height };
}

globalThis.result = run();
