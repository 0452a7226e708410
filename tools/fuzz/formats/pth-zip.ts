import { dict, integer, op, pickle, tensor, text, tuple } from "../build/pickle.ts";
import { disordered, type ZipEntry, zip } from "../build/zip.ts";
import { build, type Format, type Fuzzer } from "../src/format.ts";
import { mutateBytes } from "../src/mutate-bytes.ts";
import type { Random } from "../src/random.ts";
import { readTensors } from "./tensors.ts";

const VALUES = Buffer.from(Float32Array.of(1, 2, 3, 4, 5, 6).buffer);

/** The entries of a file as `torch.save` writes it, around a pickle. */
export function entriesOf(data: Uint8Array, storages: readonly Uint8Array[] = [VALUES], packed = false): ZipEntry[] {
  return [
    { name: "archive/data.pkl", data, packed },
    { name: "archive/byteorder", data: Buffer.from("little"), packed },
    ...storages.map((storage, key) => ({ name: `archive/data/${key}`, data: storage, packed })),
    { name: "archive/version", data: Buffer.from("3\n"), packed },
  ];
}

const WEIGHTS = pickle(dict(text("layer.weight"), tensor("0"), text("layer.bias"), tensor("1")));
const SOUND = entriesOf(WEIGHTS, [VALUES, VALUES]);

/** PyTorch's format of today: a zip file of a pickle and the tensors' bytes. */
export const PTH_ZIP: Format = {
  name: "pth-zip",
  weight: 12,
  async prepare(): Promise<Fuzzer> {
    const seeds = [zip(SOUND), zip(entriesOf(WEIGHTS, [VALUES, VALUES], true))];
    const file = (content: Uint8Array) => ({ "weights.pth": content });
    return {
      sound: seeds.map(file),
      make: (random) =>
        build(random, [
          [40, "changed bytes", () => file(mutateBytes(random, random.pick(seeds)))],
          [
            40,
            "disordered entries",
            () => file(disordered(random, random.oneIn(2) ? SOUND : entriesOf(WEIGHTS, [VALUES, VALUES], true))),
          ],
          [5, "overlapping storages", () => file(overlapping(random))],
          [
            5,
            "bytes after the last storage",
            () => file(zip([...SOUND, { name: "archive/data/0\0", data: random.bytes(64) }])),
          ],
          [2, "many entries", () => file(zip(manyEntries(random)))],
          [2, "long names and comments", () => file(zip(longComments(random)))],
          [4, "bombs", () => file(zip(bomb(random)))],
          [2, "views of one element", () => file(zip(entriesOf(expanded(random))))],
        ]),
      read: readTensors,
    };
  },
};

/** Storages that lie on one another. */
function overlapping(random: Random): Buffer {
  const [first, order, ...rest] = SOUND;
  const whole = Buffer.concat(Array.from({ length: random.size(500) }, () => VALUES));
  const count = random.size(200);
  const offset = 30 + first!.name.length + first!.data.length + 30 + order!.name.length + order!.data.length;
  const storages = Array.from({ length: count }, (_, i) => ({
    name: `archive/data/${i}`,
    data: i === 0 ? whole : Buffer.alloc(0),
  }));
  const names = storages.flatMap((_, i) => [text(`w.${i}`), tensor(String(i))]);
  const entries: ZipEntry[] = storages.map((entry, i) =>
    i === 0 ? entry : { ...entry, offset, size: whole.length, packedSize: whole.length, crc: 0 },
  );
  return zip([{ name: "archive/data.pkl", data: pickle(dict(...names)) }, order!, ...entries, rest.at(-1)!]);
}

function manyEntries(random: Random): ZipEntry[] {
  const count = random.oneIn(10) ? 65_000 : random.size(5000);
  return [
    ...SOUND,
    ...Array.from({ length: count }, (_, i) => ({ name: `archive/data/${i + 2}`, data: Buffer.alloc(0) })),
  ];
}

function longComments(random: Random): ZipEntry[] {
  const comment = Buffer.alloc(65_535, 0x41);
  const count = random.oneIn(10) ? 120 : random.size(20);
  const more = Array.from({ length: count }, (_, i) => ({
    name: `archive/${"n".repeat(random.size(60_000))}${i}`,
    data: Buffer.alloc(0),
    comment,
  }));
  return [...SOUND, ...more];
}

/** Little that unpacks to much: as the pickle, as a storage, as an entry that nobody needs. */
function bomb(random: Random): ZipEntry[] {
  const zeros = Buffer.alloc(random.oneIn(20) ? 2 ** 27 : random.size(2 ** 22));
  const storage = pickle(dict(text("w"), tensor("0", { count: integer(zeros.length / 4) })));
  return random.pick<() => ZipEntry[]>([
    () => [{ name: "archive/data.pkl", data: zeros, packed: true }],
    () => [
      {
        name: "archive/data.pkl",
        data: Buffer.concat([op("\x80\x02"), Buffer.alloc(zeros.length, "]"), op(".")]),
        packed: true,
      },
    ],
    () => entriesOf(storage, [zeros], true),
    () => entriesOf(storage, [zeros], true).map((entry) => ({ ...entry, size: 24 })),
    () => [...SOUND, { name: "archive/byteorder", data: zeros, packed: true }],
    () => [...SOUND, { name: "archive/other", data: zeros, packed: true }],
  ])();
}

/** Tensors of one stored element, repeated. */
function expanded(random: Random): Buffer {
  const side = random.pick([1000, 1024, 100_000, 2 ** 20, 2 ** 31]);
  const parts = { shape: tuple(integer(side), integer(side)), strides: tuple(integer(0), integer(0)) };
  const names = Array.from({ length: random.size(60) }, (_, i) => [text(`w.${i}`), tensor("0", parts)]);
  return pickle(dict(...names.flat()));
}
