import { crc32, deflateRawSync } from "node:zlib";
import { EXTREMES } from "../src/mutate-bytes.ts";
import type { Random } from "../src/random.ts";

/** An entry of a zip file; what is left out is as it should be. */
export interface ZipEntry {
  name: string | Buffer;
  data: Uint8Array;
  /** Whether the data are packed. */
  packed?: boolean;
  method?: number;
  flags?: number;
  crc?: number;
  /** The size that is declared, and that of the packed data. */
  size?: number;
  packedSize?: number;
  /** The name in front of the data, where it is another one. */
  localName?: string;
  extra?: Buffer;
  comment?: Buffer;
  /** Where the data are said to be. */
  offset?: number;
  /** Permissions and kind of file of Unix: 0o120777 is a link. */
  mode?: number;
}

/** What a zip file says of itself at its end. */
export interface ZipEnd {
  comment?: Buffer;
  entries?: number;
  directorySize?: number;
  directoryOffset?: number;
}

/** A zip file of these entries, however little they agree with each other. */
export function zip(entries: readonly ZipEntry[], end: ZipEnd = {}): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  const add = (...buffers: Uint8Array[]) => {
    for (const buffer of buffers) {
      parts.push(Buffer.from(buffer));
      at += buffer.length;
    }
  };
  for (const entry of entries) {
    const { data, packed = false, flags = 0, extra = Buffer.alloc(0), comment = Buffer.alloc(0) } = entry;
    const name = Buffer.from(entry.name);
    const body = packed ? deflateRawSync(data) : data;
    const method = entry.method ?? (packed ? 8 : 0);
    const [crc, size, packedSize] = [
      entry.crc ?? crc32(data),
      entry.size ?? data.length,
      entry.packedSize ?? body.length,
    ];
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(flags, 2);
    common.writeUInt16LE(method, 4);
    common.writeUInt32LE(0x00210000, 6);
    common.writeUInt32LE(crc >>> 0, 10);
    common.writeUInt32LE(packedSize >>> 0, 14);
    common.writeUInt32LE(size >>> 0, 18);
    common.writeUInt16LE(name.length & 0xffff, 22);
    common.writeUInt16LE(extra.length, 24);
    const record = Buffer.alloc(14);
    record.writeUInt16LE(comment.length, 0);
    record.writeUInt32LE(((entry.mode ?? 0o100644) << 16) >>> 0, 6);
    record.writeUInt32LE((entry.offset ?? at) >>> 0, 10);
    directory.push(Buffer.from("PK\x01\x02\x14\x03", "latin1"), common, record, name, extra, comment);
    const local = Buffer.from(entry.localName ?? name);
    const localCommon = Buffer.from(common);
    localCommon.writeUInt16LE(local.length & 0xffff, 22);
    localCommon.writeUInt16LE(0, 24);
    add(Buffer.from("PK\x03\x04", "latin1"), localCommon, local, body);
  }
  const list = Buffer.concat(directory);
  const comment = end.comment ?? Buffer.alloc(0);
  const tail = Buffer.alloc(18);
  tail.writeUInt16LE((end.entries ?? entries.length) & 0xffff, 4);
  tail.writeUInt16LE((end.entries ?? entries.length) & 0xffff, 6);
  tail.writeUInt32LE((end.directorySize ?? list.length) >>> 0, 8);
  tail.writeUInt32LE((end.directoryOffset ?? at) >>> 0, 12);
  tail.writeUInt16LE(comment.length, 16);
  add(list, Buffer.from("PK\x05\x06", "latin1"), tail, comment);
  return Buffer.concat(parts);
}

/** The entries with one to three of their fields at extremes, lost, repeated or out of order; and an end that may lie too. */
export function disordered(random: Random, entries: readonly ZipEntry[]): Buffer {
  const changed = entries.map((entry) => ({ ...entry }));
  const end: ZipEnd = {};
  for (let i = random.between(1, 3); i > 0; i--) {
    const entry = random.pick(changed);
    random.pick<() => void>([
      () => Object.assign(entry, { size: random.pick(EXTREMES) }),
      () => Object.assign(entry, { packedSize: random.pick(EXTREMES) }),
      () => Object.assign(entry, { size: entry.data.length + random.pick([-1, 1, 64]) }),
      () => Object.assign(entry, { crc: random.next() }),
      () => Object.assign(entry, { crc: 0 }),
      () => Object.assign(entry, { offset: random.pick([...EXTREMES, random.below(2000)]) }),
      () => Object.assign(entry, { method: random.pick([1, 8, 9, 12, 14, 93, 99, 0xffff]) }),
      () => Object.assign(entry, { flags: random.pick([1, 8, 0x800, 0x2041, 0xffff]) }),
      () => Object.assign(entry, { packed: !entry.packed }),
      () => Object.assign(entry, { localName: "elsewhere" }),
      () => Object.assign(entry, { extra: zip64Extra(random) }),
      () => Object.assign(entry, { comment: Buffer.alloc(random.size(65535), 0x20) }),
      () => Object.assign(entry, { name: random.pick(changed).name }),
      () => changed.splice(random.below(changed.length), changed.length > 1 ? 1 : 0),
      () => changed.push({ ...entry }),
      () => changed.splice(0, changed.length, ...random.shuffled(changed)),
      () => Object.assign(end, { entries: random.pick(EXTREMES) }),
      () => Object.assign(end, { directorySize: random.pick(EXTREMES) }),
      () => Object.assign(end, { directoryOffset: random.pick(EXTREMES) }),
      () => Object.assign(end, { comment: random.bytes(random.size(65535)) }),
    ])();
  }
  return zip(changed, end);
}

/** Sizes and a place of 64 bits, at extremes. */
function zip64Extra(random: Random): Buffer {
  const extra = Buffer.alloc(28);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(random.pick([24, 24, 8, 0xffff]), 2);
  for (let i = 0; i < 3; i++)
    extra.writeBigUInt64LE(BigInt(random.pick(EXTREMES)) << BigInt(random.pick([0, 0, 21, 31])), 4 + i * 8);
  return extra;
}
