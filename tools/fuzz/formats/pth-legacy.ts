import { hostileValue } from "../build/hostile-pickle.ts";
import { all, dict, global, integer, list, op, type Part, pickle, tensor, text, tuple } from "../build/pickle.ts";
import { build, type Format, type Fuzzer } from "../src/format.ts";
import { EXTREMES, mutateBytes } from "../src/mutate-bytes.ts";
import type { Random } from "../src/random.ts";
import { readTensors } from "./tensors.ts";

const MAGIC = pickle(op("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"));
const VALUES = Buffer.from(Float32Array.of(1, 2, 3, 4, 5, 6).buffer);

interface Legacy {
  magic: Buffer;
  protocol: Buffer;
  traits: Buffer;
  root: Buffer;
  keys: Buffer;
  storages: Buffer;
}

/** A storage: how many elements, and they. */
function storage(count: number | bigint, values: Uint8Array = VALUES): Buffer {
  const head = Buffer.alloc(8);
  head.writeBigInt64LE(BigInt.asIntN(64, BigInt(count)));
  return Buffer.concat([head, values]);
}

const SOUND: Legacy = {
  magic: MAGIC,
  protocol: pickle(integer(1001)),
  traits: pickle(dict(text("protocol_version"), integer(1001), text("little_endian"), op("\x88"))),
  root: pickle(dict(text("layer.weight"), old("0"), text("layer.bias"), old("1"))),
  keys: pickle(list(text("0"), text("1"))),
  storages: Buffer.concat([storage(6), storage(6)]),
};

/** A tensor as it was written then: its storage's id ends with its view, which is mostly none. */
function old(key: string): Part {
  const id = tuple(text("storage"), global("torch", "FloatStorage"), text(key), text("cpu"), integer(6), op("N"));
  return tensor(key, { id });
}

const write = (parts: Legacy) => Buffer.concat(Object.values(parts) as Buffer[]);

/** PyTorch's format of 2018: pickles, then the tensors' bytes. */
export const PTH_LEGACY: Format = {
  name: "pth-legacy",
  weight: 8,
  async prepare(): Promise<Fuzzer> {
    const seed = write(SOUND);
    const file = (parts: Partial<Legacy>) => ({ "weights.pth": write({ ...SOUND, ...parts }) });
    return {
      sound: [file({})],
      make: (random) =>
        build(random, [
          [40, "changed bytes", () => ({ "weights.pth": mutateBytes(random, seed) })],
          [20, "hostile values", () => file(hostileParts(random))],
          [
            10,
            "shuffled pickles",
            () => ({ "weights.pth": Buffer.concat(random.shuffled(Object.values(SOUND) as Buffer[])) }),
          ],
          [10, "wrong counts", () => file({ storages: Buffer.concat([storage(random.pick(EXTREMES)), storage(6)]) })],
          [5, "a large count", () => file({ storages: storage(2n ** BigInt(random.between(30, 63))) })],
          [5, "keys that are none", () => file({ keys: pickle(list(hostileValue(random)[1], text("0"), text("0"))) })],
          [
            3,
            "bytes at the end",
            () => file({ storages: Buffer.concat([SOUND.storages, random.bytes(random.size(1000))]) }),
          ],
          [3, "containers in each pickle", () => file(fiveTimes(random))],
        ]),
      read: readTensors,
    };
  },
};

function hostileParts(random: Random): Partial<Legacy> {
  const [, value] = hostileValue(random);
  return { [random.pick(["magic", "protocol", "traits", "root", "keys"] as const)]: pickle(value) };
}

/** Each pickle has its own budget: five of them take five. */
function fiveTimes(random: Random): Partial<Legacy> {
  const waste = all(op("]("), op(random.pick(["]", "}", ")"]).repeat(random.size(80_000))), op("e0"));
  const wasting = (part: Buffer) => all(part.subarray(0, 2), waste, part.subarray(2));
  return Object.fromEntries(
    (["protocol", "traits", "root", "keys"] as const).map((name) => [name, wasting(SOUND[name])]),
  );
}
