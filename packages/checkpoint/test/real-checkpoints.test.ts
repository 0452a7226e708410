import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { shared, unlessShared } from "@seg/testing";
import { describe, expect, it } from "vitest";
import { readCheckpoint, type StateDict } from "../src/index.ts";
import { memoryOf } from "./helpers/memory.ts";
import { outcome } from "./helpers/outcome.ts";
import { temporaryFolder } from "./helpers/temporary.ts";
import { dice, mutate } from "./support/mutate.ts";

// Number of tensors, and SHA-256 over their names, types, shapes and bytes, as PyTorch 2.15 reads them.
const FACTS: [string, number, string][] = [
  ["checkpoints/ade20k-demo/decoder_epoch_1.pth", 16, "852a59f69ca53db0"],
  ["checkpoints/ade20k-demo/encoder_epoch_1.pth", 306, "8990a9192027ef14"],
  ["checkpoints/camvid-mobilenetv2dilated-c1_deepsup/decoder_epoch_14.pth", 22, "5c599ee79e5f5255"],
  ["checkpoints/camvid-mobilenetv2dilated-c1_deepsup/decoder_epoch_14.zip.pth", 22, "5c599ee79e5f5255"],
  ["checkpoints/camvid-mobilenetv2dilated-c1_deepsup/encoder_epoch_14.pth", 459, "bf9a02191b394cab"],
  ["checkpoints/camvid-mobilenetv2dilated-c1_deepsup/encoder_epoch_14.zip.pth", 459, "bf9a02191b394cab"],
  ["weights/mobilenetv2-imagenet.pth", 312, "ec80e0e36b303219"],
];

function digest(state: StateDict): string {
  const hash = createHash("sha256");
  for (const { name, dtype, shape, data } of state.values()) {
    hash.update(`${name} ${dtype} [${shape.join(", ")}]\n`);
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest("hex").slice(0, 16);
}

describe.skipIf(!shared("data/checkpoints"))(`checkpoints that the original trained${unlessShared}`, () => {
  it.each(FACTS)("%s gives the %d tensors that PyTorch reads from it", async (name, count, expected) => {
    const state = await readCheckpoint(shared(`data/${name}`)!);
    expect(state.size).toBe(count);
    expect(digest(state)).toBe(expected);
  });

  it.each(FACTS.filter(([name]) => name.includes("encoder")))(
    "%s, damaged at its head or its tail, gives a clear error or whole tensors",
    async (name) => {
      const bytes = readFileSync(shared(`data/${name}`)!);
      const roll = dice(bytes.length);
      const path = join(temporaryFolder(), "file");
      for (let i = 0; i < 40; i++) {
        const ends = 70_000;
        const damaged =
          i % 2 === 0
            ? Buffer.concat([mutate(bytes.subarray(0, ends), roll), bytes.subarray(ends)])
            : Buffer.concat([bytes.subarray(0, -ends), mutate(bytes.subarray(-ends), roll)]);
        writeFileSync(path, damaged);
        const taken = await memoryOf(async () => {
          await outcome(path);
        });
        expect(taken).toBeLessThan(damaged.length + 200e6);
      }
    },
  );
});
