import { crc32, deflateRawSync } from "node:zlib";

/** An entry of a made-up zip; whatever is not given is as it should be. */
export interface ZipEntry {
  name: string | Uint8Array;
  contents?: Uint8Array | string;
  /** Stored as it is, unless true. */
  deflate?: boolean;
  /** What the directory says, and the local header too unless `local` says else. */
  crc?: number;
  size?: number;
  compressedSize?: number;
  method?: number;
  flags?: number;
  /** The Unix mode, with the kind in its upper bits. */
  mode?: number;
  comment?: Uint8Array;
  /** What the local header says in their place. */
  local?: Partial<Record<"crc" | "size" | "compressedSize" | "method" | "flags", number>> & {
    name?: string | Uint8Array;
  };
  /** The entry, by its number, whose place in the file this one has, too. */
  at?: number;
}

/** A zip of these entries, however wrong they are. */
export function hostileZip(entries: readonly ZipEntry[], { count = entries.length } = {}): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  const places: number[] = [];
  let place = 0;
  for (const entry of entries) {
    const { deflate = false, local = {}, comment = new Uint8Array() } = entry;
    const contents = Buffer.from(entry.contents ?? "");
    const data = deflate ? deflateRawSync(contents) : contents;
    const name = Buffer.from(entry.name);
    const told = {
      crc: entry.crc ?? crc32(contents),
      compressedSize: entry.compressedSize ?? data.length,
      size: entry.size ?? contents.length,
      method: entry.method ?? (deflate ? 8 : 0),
      flags: entry.flags ?? 0x800,
    };
    const at = entry.at === undefined ? place : places[entry.at]!;
    places.push(at);
    if (entry.at === undefined) {
      const localName = Buffer.from(local.name ?? name);
      const header = Buffer.alloc(30);
      header.writeUInt32LE(0x04034b50, 0);
      header.writeUInt16LE(20, 4);
      fields(header, 6, { ...told, ...local });
      header.writeUInt16LE(localName.length, 26);
      parts.push(header, localName, data);
      place += header.length + localName.length + data.length;
    }
    const record = Buffer.alloc(46);
    record.writeUInt32LE(0x02014b50, 0);
    // Made on Unix, so that the mode counts.
    record.writeUInt16LE((3 << 8) | 20, 4);
    record.writeUInt16LE(20, 6);
    fields(record, 8, told);
    record.writeUInt16LE(name.length, 28);
    record.writeUInt16LE(comment.length, 32);
    record.writeUInt32LE(((entry.mode ?? 0o100644) << 16) >>> 0, 38);
    record.writeUInt32LE(at, 42);
    directory.push(record, name, Buffer.from(comment));
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(place, 16);
  return Buffer.concat([...parts, listed, end]);
}

/** The fields that both headers have, in the same order: flags, method, time, date, checksum, sizes. */
function fields(
  header: Buffer,
  start: number,
  told: Record<"crc" | "size" | "compressedSize" | "method" | "flags", number>,
): void {
  header.writeUInt16LE(told.flags, start);
  header.writeUInt16LE(told.method, start + 2);
  header.writeUInt32LE(told.crc >>> 0, start + 8);
  header.writeUInt32LE(told.compressedSize, start + 12);
  header.writeUInt32LE(told.size, start + 16);
}
