import { expect, it } from "vitest";
import { briefly } from "../../src/dataset/briefly.ts";

it("A way out that many problems have is told once", () => {
  const hint = "correct the label or the settings: DATASET.label_map takes zero-based, mask, voc, cityscapes or a file";
  const lines = [
    `a.png: Expected label values from 0 to 2 but received 7 at column 1, row 2: ${hint}.`,
    "b.jpg: Expected a file but there is none: put it there.",
    `c.png: Expected label values from 0 to 2 but received 9 at column 3, row 0: ${hint}.`,
    "d.jpg: Expected a file but there is none: put it there.",
  ];
  const [first, second, third, last] = lines;
  expect(briefly(lines)).toEqual([first, second, third!.replace(`: ${hint}`, ""), last]);
});
