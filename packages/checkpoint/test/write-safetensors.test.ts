import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type NamedTensor, readCheckpoint, writeSafetensors } from "../src/index.ts";
import { expected, expectTensors, fixture } from "./helpers/expected.ts";
import { temporaryFolder } from "./helpers/temporary.ts";

const target = () => join(temporaryFolder(), "x.safetensors");

/** The parts of a safetensors file, by the format's description. */
function parts(path: string): { header: Record<string, unknown>; headerEnd: number; data: Buffer } {
  const file = readFileSync(path);
  const headerEnd = 8 + Number(file.readBigUInt64LE(0));
  return { header: JSON.parse(file.toString("utf8", 8, headerEnd)), headerEnd, data: file.subarray(headerEnd) };
}

const weights: NamedTensor[] = [
  { name: "step", dtype: "int64", shape: [], data: BigInt64Array.of(9n) },
  { name: "odd", dtype: "uint8", shape: [3], data: Uint8Array.of(1, 2, 3) },
  { name: "w", dtype: "float32", shape: [1, 2], data: Float32Array.of(0.1, -2) },
];

describe("writeSafetensors", () => {
  it("writes header and bytes as the format says, the widest elements first and the data aligned to 8 bytes", async () => {
    const path = target();
    await writeSafetensors(path, weights, { metadata: { epoch: "3" } });
    const { header, headerEnd, data } = parts(path);
    expect(header).toEqual({
      __metadata__: { epoch: "3" },
      step: { dtype: "I64", shape: [], data_offsets: [0, 8] },
      w: { dtype: "F32", shape: [1, 2], data_offsets: [8, 16] },
      odd: { dtype: "U8", shape: [3], data_offsets: [16, 19] },
    });
    expect(headerEnd % 8).toBe(0);
    expect(data.toString("hex")).toBe("0900000000000000" + "cdcccc3d" + "000000c0" + "010203");
  });

  it("stores floats as float16 on demand, save those that a float16 cannot hold", async () => {
    const path = target();
    const tensors: NamedTensor[] = [
      ...weights,
      { name: "large", dtype: "float32", shape: [1], data: Float32Array.of(70000) },
      { name: "infinite", dtype: "float32", shape: [1], data: Float32Array.of(Number.POSITIVE_INFINITY) },
      { name: "double", dtype: "float64", shape: [1], data: Float64Array.of(0.5) },
    ];
    await writeSafetensors(path, tensors, { dtype: "float16" });
    const { header } = parts(path);
    const types = Object.fromEntries(
      Object.entries(header).map(([name, entry]) => [name, (entry as { dtype: string }).dtype]),
    );
    expect(types).toEqual({ step: "I64", large: "F32", w: "F16", infinite: "F16", double: "F16", odd: "U8" });
    const state = await readCheckpoint(path);
    expect([...state.get("w")!.data]).toEqual([0.0999755859375, -2]);
    expect([...state.get("large")!.data]).toEqual([70000]);
  });

  it("stores doubles as float32 on demand, and also where float16 would overflow", async () => {
    const double = (value: number): NamedTensor => ({
      name: "x",
      dtype: "float64",
      shape: [1],
      data: Float64Array.of(value),
    });
    for (const dtype of ["float32", "float16"] as const) {
      const path = target();
      await writeSafetensors(path, [double(1e30)], { dtype });
      expect(parts(path).header).toEqual({ x: { dtype: "F32", shape: [1], data_offsets: [0, 4] } });
      expect([...(await readCheckpoint(path)).get("x")!.data]).toEqual([Math.fround(1e30)]);
    }
  });

  it("gives back what it was given, whatever the file it was read from", async () => {
    const path = target();
    await writeSafetensors(path, await readCheckpoint(fixture("torch-legacy.pth")));
    const widened = Object.entries(expected.state).map(([name, tensor]) => {
      return [name, { ...tensor, dtype: tensor.dtype.replace(/^b?float16$|^bfloat16$/, "float32") }];
    });
    expectTensors(await readCheckpoint(path), Object.fromEntries(widened));
  });

  it("replaces a file only with a whole new one, and leaves nothing beside it when it fails", async () => {
    const path = target();
    writeFileSync(path, "old");
    const broken: NamedTensor[] = [
      weights[0]!,
      {
        ...weights[2]!,
        get data(): Float32Array {
          throw new Error("interrupted");
        },
      },
    ];
    await expect(writeSafetensors(path, broken)).rejects.toThrow("interrupted");
    expect(readFileSync(path, "utf8")).toBe("old");
    await writeSafetensors(path, weights);
    expect((await readCheckpoint(path)).size).toBe(3);
    expect(readdirSync(join(path, ".."))).toEqual(["x.safetensors"]);
  });

  it("says what to do about a place that cannot be written", async () => {
    const folder = temporaryFolder();
    const file = join(folder, "none", "x");
    await expect(writeSafetensors(file, weights)).rejects.toMatchObject({
      code: "unwritable",
      data: { file, systemCode: "ENOENT" },
    });
    await expect(writeSafetensors(folder, weights)).rejects.toMatchObject({
      code: "unwritable",
      data: { file: folder },
    });
  });

  it("refuses tensors that contradict themselves, before the file is touched", async () => {
    const path = target();
    const refused = async (tensors: NamedTensor[], data: object) => {
      await expect(writeSafetensors(path, tensors)).rejects.toMatchObject({
        code: "mismatch",
        data: { file: path, ...data },
      });
    };
    await refused([weights[0]!, weights[0]!], { tensor: "step" });
    await refused([{ ...weights[2]!, shape: [3] }], {
      tensor: "w",
      expected: { count: 3, dtype: "float32" },
      received: { count: 2, array: "Float32Array" },
    });
    await refused([{ ...weights[2]!, dtype: "int32" }], {
      tensor: "w",
      expected: { count: 2, dtype: "int32" },
      received: { count: 2, array: "Float32Array" },
    });
    expect(readdirSync(join(path, ".."))).toEqual([]);
  });
});
