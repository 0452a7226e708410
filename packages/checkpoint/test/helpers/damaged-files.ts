import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { floats, legacyFile, safetensorsFile } from "../support/files.ts";
import { dice, mutate, type Roll } from "../support/mutate.ts";
import { int, none, ordered, pickle, storage, str, tensor, tuple } from "../support/pickle.ts";
import { zipFile } from "../support/zip.ts";
import { fixture } from "./expected.ts";
import { memoryOf } from "./memory.ts";
import { outcome } from "./outcome.ts";
import { temporaryFolder } from "./temporary.ts";

const storages = [floats("0", [1, 2, 3, 4, 5, 6]), floats("1", [7, 8])];
const root = ordered(
  [str("a.weight"), tensor(storage("Float", "0", 6), 0, [2, 3], [3, 1])],
  [str("a.strided"), tensor(storage("Float", "0", 6), 1, [2, 2], [1, 2])],
  [str("a.view"), tensor(storage("Float", "0", 6, tuple(str("v"), int(2), int(4))), 0, [4], [1])],
  [str("b"), tensor(storage("Float", "1", 2, none), 0, [1, 2], [2, 1])],
);
const legacy = legacyFile(root, storages);
const zipEntries = (data: Uint8Array, packed: boolean) => [
  { name: "a/data.pkl", contents: data, packed },
  { name: "a/byteorder", contents: Buffer.from("little") },
  ...storages.map(({ key, bytes }) => ({ name: `a/data/${key}`, contents: bytes, packed })),
];
const zip = zipFile(zipEntries(pickle(root), false));
const packedZip = zipFile(zipEntries(pickle(root), true));
const safetensors = safetensorsFile(
  {
    __metadata__: { note: "x" },
    a: { dtype: "F32", shape: [2, 3], data_offsets: [0, 24] },
    b: { dtype: "F16", shape: [2], data_offsets: [24, 28] },
  },
  new Uint8Array(28),
);

const KINDS: [string, (roll: Roll) => Buffer][] = [
  ["files of 2018", (roll) => mutate(legacy, roll)],
  ["zip files", (roll) => mutate(roll(2) ? zip : packedZip, roll)],
  [
    "zip files with sound checksums around a damaged pickle",
    (roll) => zipFile(zipEntries(mutate(pickle(root), roll), roll(2) === 0)),
  ],
  ["safetensors", (roll) => mutate(safetensors, roll)],
  [
    "files that PyTorch and safetensors wrote",
    (roll) => mutate(readFileSync(fixture(["torch-legacy.pth", "torch-zip.pth", "hf.safetensors"][roll(3)]!)), roll),
  ],
];

/** Reads `count` damaged files of each kind. */
export function describeDamagedFiles(count: number): void {
  describe(`${KINDS.length * count} damaged files`, () => {
    it.each(KINDS)(
      "among %s each give a clear error or whole tensors, and none takes much memory",
      async (kind, damaged) => {
        const roll = dice(kind.length);
        const folder = temporaryFolder();
        const outcomes: Record<string, number> = {};
        const readNext = async (name: number) => {
          const path = join(folder, String(name));
          writeFileSync(path, damaged(roll));
          const result = await outcome(path);
          outcomes[result] = (outcomes[result] ?? 0) + 1;
        };
        const taken = await memoryOf(async () => {
          for (let i = 0; i < count; i += 20)
            await Promise.all(Array.from({ length: 20 }, (_, name) => readNext(name)));
        });
        // Each file is under 10 kB.
        expect(taken).toBeLessThan(200e6);
        // The damage must be such that it neither always shows nor never.
        expect(outcomes.corrupt).toBeGreaterThan(count / 20);
        expect(outcomes.read).toBeGreaterThan(count / 200);
      },
    );
  });
}
