import { expect, it } from "vitest";
import * as data from "../src/index.ts";
import { PHOTO } from "./pillow.ts";

const bytes = new Uint8Array(0);

it.each([
  ["readOdgt", { rot: "." }, "root", (options: object) => data.readOdgt("a.odgt", options)],
  ["writeOdgt", { rot: "." }, "root", (options: object) => data.writeOdgt("a.odgt", [], options)],
  ["readLabel", { numClass: 3 }, "numClasses", (options: object) => data.readLabel("a.png", options)],
  ["decodeImage", { time: 3 }, "timeout", (options: object) => data.decodeImage(bytes, options)],
  ["pairImages", { sinal: 3 }, "signal", (options: object) => data.pairImages("a", "b", options)],
  ["checkDataset", { lim: 3 }, "limit", (options: object) => data.checkDataset([], { numClasses: 1, ...options })],
  [
    "scaledSize",
    { shortside: 3 },
    "shortSide",
    (options: object) => data.scaledSize(PHOTO, options as data.ScaleOptions),
  ],
  ["validationScales", { size: [3] }, "sizes", (options: object) => data.validationScales(PHOTO, options).next()],
  [
    "createTrainSource",
    { flip: false },
    undefined,
    (options: object) => data.createTrainSource({ records: [], batchSize: 1, ...options }),
  ],
] as const)("%s refuses an option that there is not: %j", async (_, options, nearest, call) => {
  const [option] = Object.keys(options);
  await expect((async () => call(options))()).rejects.toMatchObject({
    name: "DataError",
    code: "option",
    data: { option, nearest },
  });
});
