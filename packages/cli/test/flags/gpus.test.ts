import { expect, it } from "vitest";
import { parseGpus } from "../../src/flags/gpus.ts";

it.each<[string, number[]]>([
  ["0", [0]],
  ["0-3,6", [0, 1, 2, 3, 6]],
  ["6,0-1,1", [0, 1, 6]],
  ["gpu0,gpu2", [0, 2]],
  ["gpu1-gpu2", [1, 2]],
])("reads %s", (text, gpus) => {
  expect(parseGpus(text)).toEqual(gpus);
});

it.each(["", "a", "3-1", "-1", "0,", "0-99999999"])("refuses %j", (text) => {
  expect(() => parseGpus(text)).toThrow(
    expect.objectContaining({ name: "UsageError", code: "usage", data: { flag: "--gpus", value: text } }),
  );
});
