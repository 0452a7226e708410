import { deflateRawSync } from "node:zlib";
import { floats } from "./files.ts";
import type { Roll } from "./mutate.ts";
import { code, dict, pickle, storage, str, tensor } from "./pickle.ts";
import { type ZipEntry, zipFile } from "./zip.ts";

const pick = <T>(roll: Roll, items: readonly T[]): T => items[roll(items.length)]!;

const sound = (packed = false): [ZipEntry, ZipEntry] => [
  { name: "a/data.pkl", contents: pickle(dict([str("x"), tensor(storage("Float", "0", 2), 0, [2], [1])])), packed },
  { name: "a/data/0", contents: floats("0", [1, 2]).bytes, packed },
];

/** A sound file of which one entry is changed. */
function changed(roll: Roll, change: (entry: ZipEntry) => Partial<ZipEntry>): Buffer {
  const entries = sound(roll(2) === 0);
  const which = roll(2);
  entries[which] = { ...entries[which]!, ...change(entries[which]!) };
  return zipFile(entries);
}

/** A number in place of another, little-endian. */
const put = (at: number, bytes: number, value: number) => (record: Buffer) =>
  void record.writeUIntLE(value === record.readUIntLE(at, bytes) ? value ^ 1 : value, at, bytes);

const WORDS = [0, 1, 0x7fffffff, 0x80000000, 0xfffffffe];

/** Entries that take a directory's space, and hold nothing. */
const filled = (count: number, more: Partial<ZipEntry>): ZipEntry[] =>
  Array.from({ length: count }, (_, i) => ({ name: `f${i}`, contents: new Uint8Array(0), ...more }));

/** Extra fields of four bytes each. */
const fields = (length: number) => Buffer.alloc(length - (length % 4), Buffer.from([0x99, 0x99, 0, 0]));

export const hostileZip = {
  "a zip directory of long comments, names or extra fields": (roll: Roll, scale: number) => {
    const long = 60_000 + roll(5000);
    const more = pick<() => Partial<ZipEntry>>(roll, [
      () => ({ comment: Buffer.alloc(long, "c") }),
      () => ({ extra: fields(long) }),
      () => ({ name: `f${"n".repeat(long)}` }),
    ])();
    const entries = filled(Math.max(140, Math.min(scale, 65_535)), {});
    return zipFile([
      ...sound(),
      ...entries.slice(0, 140).map((entry, i) => ({ ...entry, ...more, name: `${i}${more.name ?? ""}` })),
      ...entries.slice(140),
    ]);
  },
  "two entries of one name": (roll: Roll) => {
    const entries = sound();
    return zipFile(roll(2) ? [...entries, entries[roll(2)]!] : [entries[0], ...entries]);
  },
  "two pickles": () => zipFile([...sound(), { ...sound()[0], name: "b/data.pkl" }]),
  "bytes between two entries": (roll: Roll, scale: number) =>
    changed(roll, () => ({ after: new Uint8Array(1 + roll(scale)) })),
  "bytes before the first entry, or after the last": (roll: Roll) => {
    const [a, b] = sound();
    const shift = 30 + roll(100);
    return zipFile([a, { ...b, after: Buffer.alloc(shift) }]);
  },
  "a storage longer than its pickle says": (roll: Roll, scale: number) => {
    const [a, b] = sound(roll(2) === 0);
    return zipFile([a, { ...b, contents: Buffer.concat([b.contents, Buffer.alloc(4 + roll(scale))]) }]);
  },
  "an entry whose own header says otherwise": (roll: Roll) => {
    const [at, bytes, values] = pick(roll, [
      [6, 2, [1, 8, 9]],
      [8, 2, [1, 9, 99]],
      [14, 4, WORDS],
      [18, 4, WORDS],
      [22, 4, WORDS],
      [26, 2, [0, 1, 0xffff]],
    ] as const);
    return changed(roll, () => ({ local: put(at, bytes, pick(roll, values)) }));
  },
  "an entry whose record says otherwise": (roll: Roll) => {
    const [at, bytes, values] = pick(roll, [
      [8, 2, [1, 8, 9]],
      [10, 2, [1, 9, 99]],
      [16, 4, WORDS],
      [20, 4, [...WORDS, 0xffffffff]],
      [24, 4, [...WORDS, 0xffffffff]],
      [28, 2, [0, 1, 0xffff]],
      [30, 2, [1, 0xffff]],
      [32, 2, [1, 0xffff]],
      [42, 4, [...WORDS, 0xffffffff]],
    ] as const);
    return changed(roll, () => ({ central: put(at, bytes, pick(roll, values)) }));
  },
  "64-bit sizes of any kind": (roll: Roll) => {
    const field = Buffer.alloc(pick(roll, [4, 12, 20, 28]));
    field.writeUInt16LE(1, 0);
    field.writeUInt16LE(pick(roll, [0, 8, 24, 0xffff]), 2);
    for (let at = 4; at < field.length; at += 8) {
      // Not 0: that is where the first entry is.
      field.writeBigUInt64LE(pick(roll, [1n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]), at);
    }
    const at = pick(roll, [20, 24, 42]);
    return changed(roll, () => ({ extra: field, central: (record) => void record.writeUInt32LE(0xffffffff, at) }));
  },
  "an end that says otherwise": (roll: Roll) => {
    const [at, bytes] = pick(roll, [
      [10, 2],
      [12, 4],
      [16, 4],
      [20, 2],
    ] as const);
    const value = bytes === 2 ? pick(roll, [0, 1, 0xffff]) : pick(roll, WORDS);
    return zipFile(sound(), at === 20 ? put(at, bytes, value || 1) : put(at, bytes, value));
  },
  "a wrong checksum": (roll: Roll) => changed(roll, () => ({ checksum: 1 + roll(2 ** 31) })),
  "a description after the contents that describes something else": (roll: Roll) => {
    const flag = (at: number) => (record: Buffer) => void record.writeUInt16LE(8, at);
    const after = code("PK\x07\x08", Buffer.alloc(pick(roll, [8, 12, 20]), roll(256)));
    return changed(roll, () => ({ local: flag(6), central: flag(8), after }));
  },
  "an encrypted entry": (roll: Roll) => {
    const flag = (at: number) => (record: Buffer) => void record.writeUInt16LE(1, at);
    return changed(roll, () => ({ local: flag(6), central: flag(8) }));
  },
  "a pickle that is packed a thousandfold": (roll: Roll, scale: number) => {
    const text = Buffer.alloc(2 ** 20 + scale, pick(roll, ["N0", "}0", "]0", "(1"]));
    return zipFile([
      { name: "a/data.pkl", contents: Buffer.concat([code("\x80\x02"), text, code("}.")]), packed: true },
    ]);
  },
  "packed contents that go on after their end": (roll: Roll, scale: number) => {
    const [a, b] = sound();
    const contents = Buffer.concat([deflateRawSync(b.contents), Buffer.alloc(1 + roll(scale))]);
    return zipFile([a, { ...b, contents, packed: b.contents.length, checksum: 0 }]);
  },
};
