import { build, type Format, type Fuzzer } from "../src/format.ts";
import { mutateBytes } from "../src/mutate-bytes.ts";
import { type Json, mutateJson, nastyValue } from "../src/mutate-json.ts";
import { mutateText, NASTY_TEXTS, nested } from "../src/mutate-text.ts";
import type { Random } from "../src/random.ts";
import { readTensors } from "./tensors.ts";

const HEADER: Json = {
  __metadata__: { format: "pt" },
  "layer.weight": { dtype: "F32", shape: [2, 3], data_offsets: [0, 24] },
  "layer.bias": { dtype: "F16", shape: [4], data_offsets: [24, 32] },
  steps: { dtype: "I64", shape: [], data_offsets: [32, 40] },
};
const VALUES = Buffer.alloc(40, 1);

/** A file of a header, however it reads, and values. */
export function safetensors(header: string, values: Uint8Array = VALUES, length?: bigint): Buffer {
  const text = Buffer.from(header);
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(length ?? BigInt(text.length));
  return Buffer.concat([head, text, values]);
}

const file = (...parts: Parameters<typeof safetensors>) => ({ "weights.safetensors": safetensors(...parts) });

/** The format of safetensors: a header in JSON, then the tensors' bytes. */
export const SAFETENSORS: Format = {
  name: "safetensors",
  weight: 10,
  async prepare(): Promise<Fuzzer> {
    const text = JSON.stringify(HEADER);
    const seed = safetensors(text);
    return {
      sound: [file(text)],
      make: (random) =>
        build(random, [
          [25, "changed bytes", () => ({ "weights.safetensors": mutateBytes(random, seed) })],
          [35, "changed values", () => file(JSON.stringify(mutateJson(random, HEADER)))],
          [15, "changed text", () => file(mutateText(random, text))],
          [10, "one entry", () => file(JSON.stringify(entry(random)))],
          [5, "nested values", () => file(`{"a":${nested(random.size(100_000), random)}}`)],
          [3, "many entries", () => file(manyEntries(random), Buffer.alloc(0))],
          [5, "another length", () => file(text, VALUES, BigInt(random.next()) << BigInt(random.pick([0, 0, 16, 31])))],
        ]),
      read: readTensors,
    };
  },
};

function entry(random: Random): Json {
  const number = () => random.pick<Json>([0, 1, 4, 24, -1, 0.5, 2 ** 31, 2 ** 53, 2 ** 53 - 1, "4", null]);
  const maybe = (value: Json) => (random.oneIn(3) ? nastyValue(random) : value);
  const name = random.pick([...NASTY_TEXTS, "w"]);
  return Object.fromEntries([
    [
      name,
      maybe({
        dtype: maybe(random.pick(["F32", "F16", "BF16", "F64", "I8", "U64", "BOOL", "F8_E4M3", "f32", ""])),
        shape: maybe(Array.from({ length: random.below(40) }, number)),
        data_offsets: maybe([number(), number()]),
      }),
    ],
  ]);
}

function manyEntries(random: Random): string {
  const one = random.pick([
    '{"dtype":"F32","shape":[0],"data_offsets":[0,0]}',
    '{"dtype":"F8_E4M3","shape":[0],"data_offsets":[0,0]}',
    "[]",
  ]);
  const count = random.oneIn(5) ? 35_000 : random.size(5000);
  return `{${Array.from({ length: count }, (_, i) => `"${i}":${one}`).join(",")}}`;
}
