import { floats, legacyFile, safetensorsFile, torchZip } from "../../../packages/checkpoint/test/support/files.ts";
import { HOSTILE } from "../../../packages/checkpoint/test/support/hostile.ts";
import { mutate } from "../../../packages/checkpoint/test/support/mutate.ts";
import { dict, storage, str, tensor } from "../../../packages/checkpoint/test/support/pickle.ts";
import type { Format, Fuzzer } from "../src/format.ts";
import { readTensors } from "./tensors.ts";

const STORAGES = [floats("0", [1, 2])];
const ROOT = dict([str("x"), tensor(storage("Float", "0", 2), 0, [2], [1])]);
const SOUND = [
  torchZip(ROOT, STORAGES),
  legacyFile(ROOT, STORAGES),
  safetensorsFile({ x: { dtype: "F32", shape: [2], data_offsets: [0, 8] } }, STORAGES[0]!.bytes),
];

/** What repeats does so often: enough for what grows faster than its file. */
const SCALE = 1000;

/** Checkpoints of every form that the tests of checkpoints have, whole and damaged. */
export const CHECKPOINT: Format = {
  name: "checkpoint",
  weight: 6,
  async prepare(): Promise<Fuzzer> {
    const file = (content: Uint8Array) => ({ "weights.any": content });
    return {
      sound: SOUND.map(file),
      make(random) {
        const { name, build, isRefused } = random.pick(HOSTILE);
        const whole = build(random.below, SCALE);
        if (random.oneIn(4)) return { kind: `${name}, damaged`, files: file(mutate(whole, random.below)) };
        return { kind: name, files: file(whole), ...(isRefused && { expected: "refused" }) };
      },
      read: readTensors,
    };
  },
};
