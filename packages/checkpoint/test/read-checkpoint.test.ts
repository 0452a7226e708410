import { rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readCheckpoint } from "../src/index.ts";
import { expected, expectTensors, fixture } from "./helpers/expected.ts";
import { temporaryFile } from "./helpers/temporary.ts";
import { floats, legacyFile, torchZip } from "./support/files.ts";
import { ordered, storage, str, tensor } from "./support/pickle.ts";

describe("readCheckpoint", () => {
  it.each([
    ["torch-legacy.pth", "pth-legacy"],
    ["torch-zip.pth", "pth-zip"],
    ["torch-protocol4.pth", "pth-zip"],
    ["hf.safetensors", "safetensors"],
  ])(
    "reads from %s the values that Python put there, strided, tied, half and integer ones included",
    async (name, format) => {
      const state = await readCheckpoint(fixture(name));
      expect(state.format).toBe(format);
      expectTensors(state, expected.state);
    },
  );

  it.each(["torch-training-legacy.pth", "torch-training-zip.pth"])(
    "finds in %s the weights of a DataParallel model beside an optimizer's state",
    async (name) => {
      expectTensors(await readCheckpoint(fixture(name)), expected.training);
    },
  );

  it("gives the text that a safetensors file says of itself", async () => {
    expect((await readCheckpoint(fixture("hf.safetensors"))).metadata).toEqual({ made: "here" });
    expect((await readCheckpoint(fixture("torch-zip.pth"))).metadata).toEqual({});
  });

  it("keeps the file's order of names", async () => {
    const state = await readCheckpoint(fixture("torch-zip.pth"));
    expect([...state.keys()].slice(0, 4)).toEqual(["conv.weight", "conv.channels_last", "tied.a", "tied.b"]);
  });

  it("gives tensors that outlive the file", async () => {
    const x = tensor(storage("Float", "0", 2), 0, [2], [1]);
    const path = temporaryFile(torchZip(ordered([str("x"), x]), [floats("0", [1, 2])]));
    const state = await readCheckpoint(path);
    rmSync(path);
    expect([...state.get("x")!.data]).toEqual([1, 2]);
  });

  it("renames by `map`, and leaves out what it gives no name", async () => {
    const map = (name: string) => (name.startsWith("tied.") ? name.replace("tied", "free") : undefined);
    const state = await readCheckpoint(fixture("torch-zip.pth"), { map });
    expect([...state].map(([key, { name }]) => [key, name])).toEqual([
      ["free.a", "free.a"],
      ["free.b", "free.b"],
    ]);
  });

  it("refuses a `map` that gives two tensors one name", async () => {
    await expect(readCheckpoint(fixture("torch-zip.pth"), { map: () => "x" })).rejects.toMatchObject({
      code: "mismatch",
      data: { file: fixture("torch-zip.pth"), tensor: "x" },
    });
  });

  it("keeps `module.` where not every name begins with it", async () => {
    const x = tensor(storage("Float", "0", 1), 0, [1], [1]);
    const root = ordered([str("module.a"), x], [str("b"), x]);
    const state = await readCheckpoint(temporaryFile(legacyFile(root, [floats("0", [1])])));
    expect([...state.keys()]).toEqual(["module.a", "b"]);
  });
});
