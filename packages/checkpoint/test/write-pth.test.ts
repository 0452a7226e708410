import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type NamedTensor, readCheckpoint, writePth } from "../src/index.ts";
import { expected, expectTensors, fixture } from "./helpers/expected.ts";
import { temporaryFolder } from "./helpers/temporary.ts";
import { code, global, int, ordered, pickle, str, tensor, tuple } from "./support/pickle.ts";

const target = () => join(temporaryFolder(), "x.pth");

const weights: NamedTensor[] = [
  { name: "conv.weight", dtype: "float32", shape: [2, 1, 1, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
  { name: "bn.num_batches_tracked", dtype: "int64", shape: [], data: BigInt64Array.of(70000n) },
];

/** The stored entries of a zip file without data descriptors, front to back. */
function entries(file: Buffer): [string, Buffer][] {
  const found: [string, Buffer][] = [];
  for (let at = 0; file.readUInt32LE(at) === 0x04034b50; ) {
    expect(file.readUInt16LE(at + 6) & 8, "data descriptor").toBe(0);
    expect(file.readUInt16LE(at + 8), "packing").toBe(0);
    const size = file.readUInt32LE(at + 22);
    const nameEnd = at + 30 + file.readUInt16LE(at + 26);
    const start = nameEnd + file.readUInt16LE(at + 28);
    found.push([file.toString("utf8", at + 30, nameEnd), file.subarray(start, start + size)]);
    at = start + size;
  }
  return found;
}

describe("writePth", () => {
  it("writes the entries and the pickle that torch.load expects", async () => {
    const path = target();
    await writePth(path, weights);
    const stored = (kind: string, key: string, count: number) =>
      code(tuple(str("storage"), global("torch", `${kind}Storage`), str(key), str("cpu"), int(count)), "Q");
    const root = ordered(
      [str("conv.weight"), tensor(stored("Float", "0", 6), 0, [2, 1, 1, 3], [3, 3, 3, 1])],
      [str("bn.num_batches_tracked"), tensor(stored("Long", "1", 1), 0, [], [])],
    );
    expect(entries(readFileSync(path))).toEqual([
      ["archive/data.pkl", pickle(root)],
      ["archive/byteorder", Buffer.from("little")],
      ["archive/data/0", Buffer.from(Float32Array.of(1, 2, 3, 4, 5, 6).buffer)],
      ["archive/data/1", Buffer.from(BigInt64Array.of(70000n).buffer)],
      ["archive/version", Buffer.from("3\n")],
    ]);
  });

  it("stores floats as float16 if asked to, but not those beyond its range, nor integers", async () => {
    const path = target();
    const large: NamedTensor = { name: "large", dtype: "float32", shape: [1], data: Float32Array.of(1e5) };
    await writePth(path, [...weights, large], { dtype: "float16" });
    const state = await readCheckpoint(path);
    expect([...state.values()].map(({ name, dtype, data }) => [name, dtype, data])).toEqual([
      ["conv.weight", "float16", Float32Array.of(1, 2, 3, 4, 5, 6)],
      ["bn.num_batches_tracked", "int64", BigInt64Array.of(70000n)],
      ["large", "float32", Float32Array.of(1e5)],
    ]);
    await expect(writePth(path, weights, { dtyp: "float16" } as never)).rejects.toMatchObject({ code: "option" });
  });

  it("gives back what it was given, whatever the file it was read from", async () => {
    const path = target();
    await writePth(path, await readCheckpoint(fixture("hf.safetensors")));
    const widened = Object.entries(expected.state).map(([name, tensor]) => {
      return [name, { ...tensor, dtype: tensor.dtype.replace(/^b?float16$/, "float32") }];
    });
    const state = await readCheckpoint(path);
    expect(state.format).toBe("pth-zip");
    expectTensors(state, Object.fromEntries(widened));
  });

  it("writes equal files for equal tensors", async () => {
    const digests = [];
    for (const path of [target(), target()]) {
      await writePth(path, new Map(weights.map((tensor) => [tensor.name, tensor])));
      digests.push(createHash("sha256").update(readFileSync(path)).digest("hex"));
    }
    expect(digests[0]).toBe(digests[1]);
  });

  it("writes an empty state dict", async () => {
    const path = target();
    await writePth(path, []);
    expect((await readCheckpoint(path)).size).toBe(0);
  });

  it("replaces a file only with a whole new one, and leaves nothing beside it when it fails", async () => {
    const path = target();
    writeFileSync(path, "old");
    const broken = { ...weights[0]!, shape: [7] };
    await expect(writePth(path, [weights[1]!, broken])).rejects.toMatchObject({ code: "mismatch" });
    expect(readFileSync(path, "utf8")).toBe("old");
    await writePth(path, weights);
    expect((await readCheckpoint(path)).size).toBe(2);
    expect(readdirSync(join(path, ".."))).toEqual(["x.pth"]);
  });

  it("says what to do about a place that cannot be written", async () => {
    const file = join(temporaryFolder(), "none", "x.pth");
    await expect(writePth(file, weights)).rejects.toMatchObject({
      name: "FileError",
      code: "unwritable",
      data: { file, systemCode: "ENOENT" },
    });
  });
});
