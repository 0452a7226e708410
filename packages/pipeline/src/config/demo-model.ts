import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DEMO_ARCHITECTURE, DEMO_CHECKPOINT, DEMO_SIZE } from "@seg/segmenter/config";

// The same two steps up from src and from dist.
const FOLDER = fileURLToPath(new URL("../../demo/", import.meta.url));

/** The photo that comes along: a pagoda by danielbuechele, CC BY 2.0. */
export const DEMO_PHOTO: string = join(FOLDER, "china.jpg");

/**
 * What `createSegmenter` and `evaluate` need for the model that comes along: MobileNetV2dilated and C1_deepsup, trained on photos that
 * another network had labelled. It shows that everything works; for results take the original's weights.
 */
export const DEMO_MODEL = {
  config: DEMO_ARCHITECTURE,
  set: {
    DIR: FOLDER,
    "TEST.checkpoint": DEMO_CHECKPOINT,
    "VAL.checkpoint": DEMO_CHECKPOINT,
    "DATASET.imgSizes": DEMO_SIZE,
  },
};
