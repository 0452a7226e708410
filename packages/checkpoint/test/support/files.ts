import { type Code, code, dict, int, list, pickle, str } from "./pickle.ts";
import { type ZipEntry, zipFile } from "./zip.ts";

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
