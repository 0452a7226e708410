import { describe, expect, it } from "vitest";
import { sortFiles } from "../../src/page/files.ts";

const names = (...files: string[]) => {
  const { photos, model, others } = sortFiles(files.map((name) => new File(["x"], name)));
  const namesOf = (some: File[]) => some.map(({ name }) => name);
  return { photos: namesOf(photos), model: namesOf(model), others: namesOf(others) };
};

describe("what is dropped", () => {
  it("is a photo if it is a picture, a model's if it is weights or configuration, whatever the letter case", () => {
    expect(names("a.JPG", "b.webp", "encoder.PTH", "config.yaml", "net.onnx", "w.safetensors")).toEqual({
      photos: ["a.JPG", "b.webp"],
      model: ["encoder.PTH", "config.yaml", "net.onnx", "w.safetensors"],
      others: [],
    });
  });

  it("takes a class list as the model's only beside one", () => {
    expect(names("classes.csv").others).toEqual(["classes.csv"]);
    expect(names("classes.csv", "net.onnx").model).toEqual(["classes.csv", "net.onnx"]);
  });

  it("is a photo by its type where the name tells nothing", () => {
    expect(sortFiles([new File(["x"], "blob", { type: "image/png" })]).photos).toHaveLength(1);
  });
});
