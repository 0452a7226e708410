import { describe, expect, it } from "vitest";
import { CheckpointError, readCheckpoint } from "../src/index.ts";
import { temporaryFile } from "./helpers/temporary.ts";
import { floats, legacyFile, torchZip } from "./support/files.ts";
import { dice } from "./support/mutate.ts";
import { code, int, ordered, storage, str, str2, tensor, tuple } from "./support/pickle.ts";

/** The elements of a view by its definition, or undefined where one of them does not exist. */
function slowView(values: number[], offset: number, shape: number[], strides: number[]): number[] | undefined {
  let positions = [offset];
  shape.forEach((size, axis) => {
    positions = positions.flatMap((from) => Array.from({ length: size }, (_, i) => from + i * strides[axis]!));
  });
  return positions.every((at) => at < values.length) ? positions.map((at) => values[at]!) : undefined;
}

const values = Array.from({ length: 20 }, (_, i) => i);

describe("tensors that are views of a storage", () => {
  it.each([["legacy"], ["zip"]])(
    "are read from %s files as their definition says, or refused if they leave the storage",
    async (format) => {
      const roll = dice(7);
      const views = Array.from({ length: 300 }, () => {
        const shape = Array.from({ length: roll(5) }, () => roll(5));
        return { offset: roll(9), shape, strides: shape.map(() => roll(8)) };
      });
      let refused = 0;
      for (const { offset, shape, strides } of views) {
        const root = ordered([str("x"), tensor(storage("Float", "7", values.length), offset, shape, strides)]);
        const write = format === "zip" ? torchZip : legacyFile;
        const result = await readCheckpoint(temporaryFile(write(root, [floats("7", values)]))).catch((error) => error);
        const expected = slowView(values, offset, shape, strides);
        if (expected) expect([...result.get("x").data]).toEqual(expected);
        else {
          expect(result).toBeInstanceOf(CheckpointError);
          expect(result.code).toBe("corrupt");
          refused++;
        }
      }
      expect(refused).toBeGreaterThan(20);
      expect(refused).toBeLessThan(250);
    },
  );

  it("begin within the stretch of storage that files before PyTorch 0.4 give them", async () => {
    const stretch = storage("Float", "7", 20, tuple(str("8"), int(10), int(6)));
    const root = ordered([str("x"), tensor(stretch, 1, [5], [1])]);
    const state = await readCheckpoint(temporaryFile(legacyFile(root, [floats("7", values)])));
    expect([...state.get("x")!.data]).toEqual([11, 12, 13, 14, 15]);

    const beyond = ordered([str("x"), tensor(stretch, 2, [5], [1])]);
    await expect(readCheckpoint(temporaryFile(legacyFile(beyond, [floats("7", values)])))).rejects.toMatchObject({
      code: "corrupt",
      data: { tensor: "x" },
    });
  });

  it("are read from the dict that Python 2 pickles, whose items are pairs and whose strings are bytes", async () => {
    const x = tensor(storage("Float", "7", 20), 3, [2], [2]);
    const pair = code("](", str2("x"), x, "e");
    const root = code("ccollections\nOrderedDict\n(](", pair, "etR");
    const state = await readCheckpoint(temporaryFile(legacyFile(root, [floats("7", values)])));
    expect([...state.get("x")!.data]).toEqual([3, 5]);
  });

  it("repeat elements up to a million times, and are refused beyond", async () => {
    const of = (count: number) => ordered([str("x"), tensor(storage("Float", "7", 20), 5, [count], [0])]);
    const some = await readCheckpoint(temporaryFile(torchZip(of(1000), [floats("7", values)])));
    expect([...some.get("x")!.data]).toEqual(new Array(1000).fill(5));
    await expect(readCheckpoint(temporaryFile(torchZip(of(2 ** 30), [floats("7", values)])))).rejects.toMatchObject({
      code: "unsupported",
    });
  });

  it("of many axes are read as of few: those of size 1, and those that one stride goes through", async () => {
    const views = [
      { shape: [1, 2, 1, 3, 1], strides: [9, 3, 7, 1, 8], offset: 2 },
      { shape: [2, 2, 2, 2], strides: [0, 0, 2, 1], offset: 0 },
      { shape: [2, 3, 1, 2], strides: [6, 2, 0, 1], offset: 1 },
      { shape: [2, 2, 2], strides: [4, 1, 2], offset: 0 },
      { shape: Array(32).fill(1), strides: Array(32).fill(5), offset: 19 },
      { shape: [...Array(30).fill(1), 4, 4], strides: [...Array(30).fill(0), 0, 0], offset: 3 },
    ];
    for (const { shape, strides, offset } of views) {
      const root = ordered([str("x"), tensor(storage("Float", "7", 20), offset, shape, strides)]);
      const state = await readCheckpoint(temporaryFile(torchZip(root, [floats("7", values)])));
      expect([...state.get("x")!.data]).toEqual(slowView(values, offset, shape, strides));
    }
  });

  it("of a small file show some megabytes in all", async () => {
    const masks = (count: number) =>
      ordered(
        ...Array.from({ length: count }, (_, i): [Buffer, Buffer] => [
          str(`mask${i}`),
          tensor(storage("Float", "7", 20), 5, [1024, 1024], [0, 0]),
        ]),
      );
    expect((await readCheckpoint(temporaryFile(torchZip(masks(4), [floats("7", values)])))).size).toBe(4);
    await expect(readCheckpoint(temporaryFile(torchZip(masks(6), [floats("7", values)])))).rejects.toMatchObject({
      code: "unsupported",
    });
  });
});
