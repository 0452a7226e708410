import { expect, it } from "vitest";
import { nearest, suggestion } from "../src/index.ts";

it.each([
  ["resnet50dilatd", ["resnet50", "resnet50dilated", "resnet101dilated"], "resnet50dilated"],
  ["HRNetv2", ["resnet18", "hrnetv2"], "hrnetv2"],
  ["upnet", ["c1", "ppm", "upernet"], "upernet"],
  ["hrnetv2", ["resnet50-upernet", "hrnetv2-c1"], "hrnetv2-c1"],
  ["tset", ["test", "demo"], "test"],
])("takes %s among %j for %s", (name, choices, expected) => {
  expect(nearest(name, choices)).toBe(expected);
});

it("guesses nothing when nothing is close", () => {
  expect(nearest("transformer", ["c1", "ppm", "upernet"])).toBeUndefined();
  expect(suggestion("transformer", ["c1", "ppm"])).toBe("the choices are c1, ppm.");
});

it("takes a name as it is for itself, and gives up on one that nobody types", () => {
  expect(nearest("kernel", ["kernels", "kernel"])).toBe("kernel");
  expect(nearest("x".repeat(1e6), ["x"])).toBeUndefined();
});
