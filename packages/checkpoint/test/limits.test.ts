import { execFileSync } from "node:child_process";
import { truncateSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readCheckpoint, writeSafetensors } from "../src/index.ts";
import { PathFile } from "../src/path-file.ts";
import { temporaryFile, temporaryFolder } from "./helpers/temporary.ts";
import { floats, legacyFile, safetensorsFile, torchZip } from "./support/files.ts";
import { call, code, dict, float, global, int, pickle, storage, str, tensor } from "./support/pickle.ts";
import { zipFile } from "./support/zip.ts";

const x = tensor(storage("Float", "0", 2), 0, [2], [1]);
const storages = [floats("0", [1, 2])];

/** A state dict of so many tensors that share one storage; each puts into the memo what Python's pickler does, some nine values. */
const many = (count: number) =>
  code(
    call(global("collections", "OrderedDict")),
    "(",
    Buffer.concat(Array.from({ length: count }, (_, i) => code(str(`layer${i}.weight`), x, "\x94".repeat(9)))),
    "u",
  );

const values = async (contents: Uint8Array, name = "x") => [
  ...(await readCheckpoint(temporaryFile(contents))).get(name)!.data,
];

describe("what a checkpoint may legitimately be is read", () => {
  it("twenty thousand tensors in either format", async () => {
    const root = many(20_000);
    expect((await readCheckpoint(temporaryFile(torchZip(root, storages)))).size).toBe(20_000);
    expect((await readCheckpoint(temporaryFile(legacyFile(root, storages)))).size).toBe(20_000);
  });

  it("a training's history of a hundred thousand losses, an optimizer's numbers, and a deep argument", async () => {
    const losses = code("](", Buffer.concat(Array.from({ length: 100_000 }, (_, i) => float(1 / (i + 1)))), "e");
    const numbered = code("}(", Buffer.concat(Array.from({ length: 10_000 }, (_, i) => code(int(i), x))), "u");
    const deep = code(")", Buffer.alloc(10_000, 0x85));
    const root = dict(
      [str("state_dict"), many(600)],
      [str("losses"), losses],
      [str("optimizer"), numbered],
      [str("args"), deep],
    );
    expect((await readCheckpoint(temporaryFile(torchZip(root, storages)))).size).toBe(600);
  });

  it("more than the limits where the option budget says so", async () => {
    const path = temporaryFile(torchZip(many(60_000), storages));
    await expect(readCheckpoint(path)).rejects.toThrow("raise the option budget");
    expect((await readCheckpoint(path, { budget: 2 ** 28 })).size).toBe(60_000);
    await expect(readCheckpoint(path, { budget: 0 })).rejects.toMatchObject({
      code: "option",
      message: "Expected budget: a whole number of bytes but received 0: leave it out for 64 MB.",
    });
  });

  it("one storage as many tensors, its transpose, and one element as a million", async () => {
    const tied = dict([str("a"), x], [str("b"), x], [str("x"), tensor(storage("Float", "0", 2), 1, [2 ** 20], [0])]);
    const read = await values(torchZip(tied, storages));
    expect([read.length, read[0], read.at(-1)]).toEqual([2 ** 20, 2, 2]);
  });

  it("names of 1024 characters, tensors of no elements, and the names of JavaScript's own", async () => {
    const name = "a.".repeat(512);
    expect(await values(torchZip(dict([str(name), x]), storages), name)).toEqual([1, 2]);
    const empty = tensor(storage("Float", "0", 2), 0, [0x7fffffff, 0, 0x7fffffff], [1, 1, 1]);
    expect(await values(torchZip(dict([str("x"), empty]), storages))).toEqual([]);
    for (const own of ["__proto__", "constructor", "toString"]) {
      expect(await values(torchZip(dict([str(own), x]), storages), own)).toEqual([1, 2]);
      const header = `{"__metadata__":{"${own}":"text"},"${own}":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`;
      const state = await readCheckpoint(temporaryFile(safetensorsFile(header, Uint8Array.of(7))));
      expect([...state.get(own)!.data]).toEqual([7]);
      expect(Object.entries(state.metadata)).toEqual([[own, "text"]]);
      const path = join(temporaryFolder(), "file");
      await writeSafetensors(path, state);
      expect([...(await readCheckpoint(path)).keys()]).toEqual([own]);
    }
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it("zip files in every form: packed, with names beyond ASCII, with 64-bit sizes", async () => {
    const contents = pickle(dict([str("x"), x]));
    const data = storages[0]!.bytes;
    for (const packed of [false, true]) {
      const sound = [
        { name: "ä/data.pkl", contents, packed },
        { name: "ä/data/0", contents: data, packed },
      ];
      expect(await values(zipFile(sound))).toEqual([1, 2]);
    }
    const sizes = Buffer.alloc(28);
    sizes.writeUInt16LE(1, 0);
    sizes.writeUInt16LE(24, 2);
    for (const [at, size] of [data.length, data.length, 30 + 10 + contents.length].entries()) {
      sizes.writeBigUInt64LE(BigInt(size), 4 + 8 * at);
    }
    const large = (record: Buffer) => void [20, 24, 42].forEach((at) => void record.writeUInt32LE(0xffffffff, at));
    const zip = [
      { name: "a/data.pkl", contents },
      { name: "a/data/0", contents: data, extra: sizes, central: large },
    ];
    expect(await values(zipFile(zip))).toEqual([1, 2]);
  });
});

describe("a safetensors file", () => {
  it("cannot have a tensor called as its metadata are", async () => {
    const tensors = [{ name: "__metadata__", dtype: "float32", shape: [1], data: Float32Array.of(1) }] as const;
    const path = join(temporaryFolder(), "file");
    await expect(writeSafetensors(path, tensors)).rejects.toMatchObject({ code: "mismatch" });
  });
});

describe("a file that is none, or not for long", () => {
  it.skipIf(process.platform === "win32")("is refused at once if it is a pipe that nobody writes", async () => {
    const pipe = join(temporaryFolder(), "pipe");
    execFileSync("mkfifo", [pipe]);
    await expect(readCheckpoint(pipe)).rejects.toThrow(`${pipe}: it is a pipe: name the file.`);
  });

  it("is cut off if it shrinks while it is read", async () => {
    const path = temporaryFile(new Uint8Array(200_000));
    const file = await PathFile.open(path);
    truncateSync(path, 10);
    try {
      expect(() => file.readSync(new Uint8Array(100), 0)).toThrow("the file ends before its contents do");
      await expect(file.readBytes(0, 100_000)).rejects.toMatchObject({ code: "truncated" });
    } finally {
      await file.close();
    }
  });

  it("is refused in one line if it has holes larger than any memory", async () => {
    const bytes = 2 ** 45;
    const head = safetensorsFile({ x: { dtype: "U8", shape: [bytes], data_offsets: [0, bytes] } }, new Uint8Array(0));
    const path = temporaryFile(head);
    try {
      truncateSync(path, head.length + bytes);
    } catch (error) {
      // Not every file system has files of 32 TB: there, none is to be refused.
      expect((error as NodeJS.ErrnoException).code).toMatch(/EFBIG|EINVAL/);
      return;
    }
    await expect(readCheckpoint(path)).rejects.toThrow("does not fit into this machine's memory");
  });
});
