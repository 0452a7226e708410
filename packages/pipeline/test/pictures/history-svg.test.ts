import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { historySvg } from "../../src/pictures/history-svg.ts";

const history = { train: { epoch: [0, 0.5, 1, 1.5], loss: [4, 2, 1, 0.5], acc: [0, 0.5, 0.75, 1] } };
const options = { epochs: 2, title: "a <title> & more" };

/** The corner points of all curves, in pixels. */
const curves = (svg: string) =>
  Array.from(svg.matchAll(/<path d="(M[^"]+)" fill="none"/g), ([, path]) =>
    path!
      .split(/[ML]/)
      .slice(1)
      .map((pair) => pair.split(",").map(Number)),
  );

describe("The picture of a training's course", () => {
  it("has losses and accuracies where the axes say", () => {
    const [loss, , accuracy] = curves(historySvg(history, [], options));
    // 640 pixels for two epochs, 200 for losses from 0 to 4 and for accuracies from 0 to 100.
    expect(loss).toEqual([
      [56, 40],
      [216, 140],
      [376, 190],
      [536, 215],
    ]);
    expect(accuracy).toEqual([
      [56, 504],
      [216, 404],
      [376, 354],
      [536, 304],
    ]);
  });

  it("shows the scores of validations as dots", () => {
    const validation = [
      { epoch: 1, meanIou: 0.25, pixelAccuracy: 0.5 },
      { epoch: 2, meanIou: 0.5, pixelAccuracy: 0.75 },
    ];
    const svg = historySvg(history, validation, options);
    const dots = Array.from(svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g), ([, x, y]) => [Number(x), Number(y)]);
    expect(dots).toEqual([
      [376, 404],
      [696, 354],
      [376, 454],
      [696, 404],
    ]);
  });

  it("is an image that others can draw, also of a training that has only begun", async () => {
    for (const data of [history, { train: { epoch: [], loss: [], acc: [] } }]) {
      const { format, width } = await sharp(Buffer.from(historySvg(data, [], options))).metadata();
      expect([format, width]).toEqual(["svg", 720]);
    }
  });
});
