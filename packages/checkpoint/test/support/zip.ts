import { crc32, deflateRawSync } from "node:zlib";
import { code } from "./pickle.ts";

export interface ZipEntry {
  name: string;
  contents: Uint8Array;
  /** Whether to pack the contents; a number says that they are packed already, and unpack to so many bytes. */
  packed?: boolean | number;
  /** In place of the right one. */
  checksum?: number;
  /** In the directory. */
  extra?: Uint8Array;
  comment?: Uint8Array;
  /** Between the contents and the next entry. */
  after?: Uint8Array;
  /** Changes the entry's own header, or its record in the directory, 30 and 46 bytes before the name. */
  local?: (header: Buffer) => void;
  central?: (record: Buffer) => void;
}

/** A zip file, written as the format's description says; `end` changes its last 22 bytes. */
export function zipFile(entries: readonly ZipEntry[], end: (record: Buffer) => void = () => {}): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  const none = new Uint8Array(0);
  let at = 0;
  for (const entry of entries) {
    const { name, contents, packed = false, checksum = crc32(contents), extra = none, comment = none } = entry;
    const stored = packed === true ? deflateRawSync(contents) : Buffer.from(contents);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(packed === false ? 0 : 8, 4);
    common.writeUInt32LE(checksum >>> 0, 10);
    common.writeUInt32LE(stored.length, 14);
    common.writeUInt32LE(typeof packed === "number" ? packed : contents.length, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    const header = code("PK\x03\x04", common);
    entry.local?.(header);
    const local = Buffer.concat([header, Buffer.from(name), stored, entry.after ?? none]);
    const record = code("PK\x01\x02\x14\0", common, Buffer.alloc(14));
    record.writeUInt16LE(extra.length, 30);
    record.writeUInt16LE(comment.length, 32);
    record.writeUInt32LE(at, 42);
    entry.central?.(record);
    directory.push(Buffer.concat([record, Buffer.from(name), extra, comment]));
    parts.push(local);
    at += local.length;
  }
  const whole = Buffer.concat(directory);
  const last = code("PK\x05\x06", Buffer.alloc(18));
  last.writeUInt16LE(entries.length & 0xffff, 8);
  last.writeUInt16LE(entries.length & 0xffff, 10);
  last.writeUInt32LE(whole.length, 12);
  last.writeUInt32LE(at, 16);
  end(last);
  return Buffer.concat([...parts, whole, last]);
}
