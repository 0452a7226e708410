import { join } from "node:path";
import { fileURLToPath } from "node:url";

// The same two steps up from src and from dist.
const FOLDER = fileURLToPath(new URL("../../demo/", import.meta.url));

/** The photo that comes along: a pagoda by danielbuechele, CC BY 2.0. */
export const DEMO_PHOTO: string = join(FOLDER, "china.jpg");

/**
 * What `createSegmenter` and `evaluate` need for the model that comes along: MobileNetV2dilated and C1_deepsup, trained on photos that
 * another network had labelled. It shows that everything works; for results take the original's weights.
 */
export const DEMO_MODEL = {
  config: "mobilenetv2dilated-c1_deepsup",
  // It was trained at short sides of 208 to 352.
  set: {
    DIR: FOLDER,
    "TEST.checkpoint": "epoch_1.safetensors",
    "VAL.checkpoint": "epoch_1.safetensors",
    "DATASET.imgSizes": 300,
  },
};
