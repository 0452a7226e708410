import { expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { evaluationSizes } from "../../src/evaluate/evaluate.ts";

it.each([
  ["450 alone by default", {}, false, [450]],
  ["all of imgSizes at multiple scales", {}, true, [300, 375, 450, 525, 600]],
  ["sizes set for this run", { pairs: ["DATASET.imgSizes", "(300, 360)"] }, false, [300, 360]],
  ["the only one there is", { flags: [{ key: "DATASET.imgSizes", value: 360, origin: "mine.yaml:3" }] }, false, [360]],
  [
    "450 where a file names several",
    { flags: [{ key: "DATASET.imgSizes", value: [240, 360], origin: "mine.yaml:3" }] },
    false,
    [450],
  ],
])("scores at %s", (_which, sources, multiScale, sizes) => {
  expect(evaluationSizes(loadConfig(sources), multiScale)).toEqual(sizes);
});
