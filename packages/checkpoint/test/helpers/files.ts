import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateRawSync } from "node:zlib";
import { onTestFinished } from "vitest";
import { type Code, code, dict, int, list, pickle, str } from "./pickle.ts";

/** A folder that goes when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "seg-checkpoint-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A file with these contents, in a folder that goes when the test ends. */
export function temporaryFile(contents: Uint8Array | string): string {
  const path = join(temporaryFolder(), "file");
  writeFileSync(path, contents);
  return path;
}

export interface Storage {
  key: string;
  /** Elements, and their bytes. */
  count: number;
  bytes: Uint8Array;
}

/** A storage of float32s. */
export const floats = (key: string, values: readonly number[]): Storage => ({
  key,
  count: values.length,
  bytes: new Uint8Array(Float32Array.from(values).buffer),
});

const MAGIC = Buffer.from("80028a0a6cfc9c46f9206aa850192e", "hex");

/** A file as PyTorch wrote it in 2018. */
export function legacyFile(
  root: Code,
  storages: readonly Storage[],
  traits = dict([str("little_endian"), code("\x88")]),
) {
  return Buffer.concat([
    MAGIC,
    pickle(int(1001)),
    pickle(traits),
    pickle(root),
    pickle(list(...storages.map(({ key }) => str(key)))),
    ...storages.flatMap(({ count, bytes }) => {
      const head = Buffer.alloc(8);
      head.writeBigInt64LE(BigInt(count));
      return [head, bytes];
    }),
  ]);
}

export interface ZipEntry {
  name: string;
  contents: Uint8Array;
  /** Whether to pack the contents; a number says that they are packed already, and unpack to so many bytes. */
  packed?: boolean | number;
  /** In place of the right one. */
  checksum?: number;
}

/** A zip file, written as the format's description says. */
export function zipFile(entries: readonly ZipEntry[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const { name, contents, packed = false, checksum = crc32(contents) } of entries) {
    const stored = packed === true ? deflateRawSync(contents) : Buffer.from(contents);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(packed === false ? 0 : 8, 4);
    common.writeUInt32LE(checksum >>> 0, 10);
    common.writeUInt32LE(stored.length, 14);
    common.writeUInt32LE(typeof packed === "number" ? packed : contents.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = code("PK\x03\x04", common, name, stored);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(at, 10);
    directory.push(code("PK\x01\x02\x14\0", common, tail, name));
    parts.push(local);
    at += local.length;
  }
  const whole = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(whole.length, 8);
  end.writeUInt32LE(at, 12);
  return Buffer.concat([...parts, whole, code("PK\x05\x06", end)]);
}

/** A file as torch.save writes it today. */
export function torchZip(root: Code, storages: readonly Storage[], more: readonly ZipEntry[] = []): Buffer {
  return zipFile([
    { name: "archive/data.pkl", contents: pickle(root) },
    { name: "archive/byteorder", contents: Buffer.from("little") },
    ...storages.map(({ key, bytes }) => ({ name: `archive/data/${key}`, contents: bytes })),
    { name: "archive/version", contents: Buffer.from("3\n") },
    ...more,
  ]);
}

/** A safetensors file of this header and these bytes. */
export function safetensorsFile(header: unknown, bytes: Uint8Array): Buffer {
  const json = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, bytes]);
}
