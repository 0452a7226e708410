import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { temporaryFolder } from "@seg/testing/node";
import { describe, expect, it } from "vitest";
import { expandInputs } from "../../src/photos/expand-inputs.ts";

function folderOfPhotos(): string {
  const folder = temporaryFolder({ "b.jpg": "", "a.jpg": "", "c.png": "", "photo (1).jpg": "", ".hidden.jpg": "" });
  mkdirSync(join(folder, "sub"));
  writeFileSync(join(folder, "sub/d.jpg"), "");
  return folder;
}

describe("Inputs as a shell would have handed them on", () => {
  it("are the files that match a pattern, sorted, hidden ones left out", async () => {
    const folder = folderOfPhotos();
    const matching = async (pattern: string) => {
      const { inputs, failures } = await expandInputs([join(folder, pattern)]);
      expect(failures).toEqual([]);
      return inputs.map((input) => relative(folder, input).split(sep).join("/"));
    };
    expect(await matching("*.jpg")).toEqual(["a.jpg", "b.jpg", "photo (1).jpg"]);
    expect(await matching("{a,c}.*")).toEqual(["a.jpg", "c.png"]);
    expect(await matching("**/[a-d].jpg")).toEqual(["a.jpg", "b.jpg", "sub/d.jpg"]);
    expect(await matching("s*")).toEqual(["sub"]);
  });

  it("stay relative where the pattern is", async () => {
    const folder = folderOfPhotos();
    const { inputs } = await expandInputs([relative(process.cwd(), join(folder, "?.png"))]);
    expect(inputs).toEqual([relative(process.cwd(), join(folder, "c.png"))]);
  });

  it("are a file whose name looks like a pattern, where it is there", async () => {
    const file = join(folderOfPhotos(), "photo (1).jpg");
    expect(await expandInputs([file])).toEqual({ inputs: [file], failures: [] });
  });

  it("may be file URLs, addresses with question marks, and - once", async () => {
    const file = join(folderOfPhotos(), "a.jpg");
    const address = "https://host.test/a*b.jpg?size=[2]";
    const { inputs, failures } = await expandInputs([pathToFileURL(file).href, address, "-", "-"]);
    expect(inputs).toEqual([file, address, "-"]);
    expect(failures).toMatchObject([{ code: "option", data: { received: "-" } }]);
  });

  it("are refused one by one where nothing matches or they are no text", async () => {
    const pattern = join(folderOfPhotos(), "*.webp");
    const { inputs, failures } = await expandInputs([pattern, 5 as unknown as string, "missing.jpg"]);
    // Whether a plain file exists shows later.
    expect(inputs).toEqual(["missing.jpg"]);
    expect(failures).toMatchObject([{ code: "not-found", data: { file: pattern } }, { code: "option" }]);
  });
});
