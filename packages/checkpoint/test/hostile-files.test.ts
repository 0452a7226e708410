import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { constants, deflateRawSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { fixture } from "./helpers/expected.ts";
import { memoryOf } from "./helpers/memory.ts";
import { outcome } from "./helpers/outcome.ts";
import { temporaryFolder } from "./helpers/temporary.ts";
import { floats, legacyFile, safetensorsFile, torchZip } from "./support/files.ts";
import { call, code, global, int, ordered, pickle, storage, str, tensor, tuple } from "./support/pickle.ts";
import { zipFile } from "./support/zip.ts";

const good = ordered([str("x"), tensor(storage("Float", "0", 2), 0, [2], [1])]);

/** Reads a file made to take time or memory; it must be refused, within the file's size and 200 MB. */
async function expectRefused(contents: Uint8Array, reason: string): Promise<void> {
  const path = join(temporaryFolder(), "file");
  writeFileSync(path, contents);
  const taken = await memoryOf(async () => {
    expect(await outcome(path)).toBe(reason);
  });
  expect(taken).toBeLessThan(contents.length + 200e6);
}

/** Packed bytes that unpack to so many million zeros. */
function zeros(megabytes: number): Buffer {
  const flushed = deflateRawSync(new Uint8Array(1e6), { finishFlush: constants.Z_SYNC_FLUSH });
  return Buffer.concat([...new Array(megabytes).fill(flushed), deflateRawSync(new Uint8Array(0))]);
}

const bare = (opcodes: Uint8Array): Uint8Array => pickle(Buffer.from(opcodes));

describe("a file made to take time or memory is refused", () => {
  // The first reading compiles the code, which takes memory of its own.
  beforeAll(async () => {
    await outcome(fixture("torch-zip.pth"));
  });

  it.each([
    ["dicts", "}"],
    ["lists", "]"],
    ["marks", "("],
    ["numbers", "G12345678"],
    ["text", "X\x04\0\0\0abcd"],
  ])("a pickle of twenty million bytes of %s", (_, opcodes) =>
    expectRefused(bare(Buffer.alloc(20e6, opcodes, "latin1")), "unsupported"),
  );

  it("a pickle with one text of a billion bytes, or with one of forty million that are there", async () => {
    await expectRefused(bare(code("X\xff\xff\xff\x7f", "abc")), "truncated");
    await expectRefused(bare(code("X\0\x5a\x62\x02", Buffer.alloc(40e6, "é"))), "unsupported");
  });

  it("a pickle that copies a long list again and again", () => {
    const pair = code(tuple(int(1), int(2)), "q\0");
    const pairs = code("](", pair, Buffer.alloc(200_000, "h\0"), "eq\x01");
    const copies = Buffer.alloc(16 * 20_000, code("ccollections\nOrderedDict\n", "h\x01\x85R"));
    return expectRefused(bare(code(pairs, copies)), "unsupported");
  });

  it("a pickle whose tensors share one huge list of sizes", () => {
    const sizes = code("](", Buffer.alloc(400_000, "K\x01"), "eq\x01");
    const one = code(
      call(global("torch._utils", "_rebuild_tensor"), storage("Float", "0", 1), int(0), code("h\x01h\x01")),
    );
    return expectRefused(bare(code(sizes, ...new Array(5000).fill(one))), "corrupt");
  });

  it("a list that holds itself in place of a tensor", () => expectRefused(bare(code("]q\0h\0a")), "unsupported"));

  it("a storage said to be larger than the file", async () => {
    const huge = (kind: string) => ordered([str("x"), tensor(storage(kind, "0", 0x7fffffff), 0, [0x7fffffff], [1])]);
    await expectRefused(torchZip(huge("Double"), [floats("0", [1])]), "corrupt");
    const claim = { key: "0", count: 0x7fffffff, bytes: new Uint8Array(8) };
    await expectRefused(legacyFile(huge("Double"), [claim]), "truncated");
    await expectRefused(
      safetensorsFile({ x: { dtype: "F32", shape: [2 ** 30], data_offsets: [0, 2 ** 32] } }, new Uint8Array(8)),
      "truncated",
    );
  });

  it("packed entries that unpack to far more than the file, or to more or less than they claim", async () => {
    const sound = { name: "a/data.pkl", contents: pickle(good) };
    const data = (megabytes: number, size: number) => ({ name: "a/data/0", contents: zeros(megabytes), packed: size });
    const large = ordered([str("x"), tensor(storage("Byte", "0", 300e6), 0, [300e6], [1])]);
    const claims = { ...sound, contents: pickle(large) };
    await expectRefused(zipFile([claims, data(300, 300e6)]), "unsupported");
    await expectRefused(zipFile([sound, data(300, 300e6)]), "corrupt");
    await expectRefused(zipFile([sound, data(300, 8)]), "corrupt");
    await expectRefused(zipFile([sound, data(1, 100e6)]), "corrupt");
    await expectRefused(zipFile([{ ...data(300, 300e6), name: "a/data.pkl" }]), "unsupported");
    await expectRefused(zipFile([{ ...data(300, 100), name: "a/data.pkl" }]), "corrupt");
  });

  it("entries that lie on top of each other, so that few bytes are read many times", () => {
    const megabyte = new Uint8Array(1e6);
    const names = Array.from({ length: 400 }, (_, i) => String(i));
    const root = ordered(
      ...names.map((key): [Buffer, Buffer] => [str(key), tensor(storage("Byte", key, 1e6), 0, [1e6], [1])]),
    );
    const zip = zipFile([
      { name: "a/data.pkl", contents: pickle(root) },
      { name: "a/data/0", contents: megabyte },
      ...names.slice(1).map((key) => ({ name: `a/data/${key}`, contents: new Uint8Array(0) })),
    ]);
    // Every directory record of a storage is made to point at the one that is there.
    const first = zip.indexOf(code("PK\x01\x02"), zip.indexOf("a/data/0") + 1e6);
    const records: number[] = [];
    for (let at = first; at >= 0; at = zip.indexOf(code("PK\x01\x02"), at + 1)) records.push(at);
    const real = records[1]!;
    for (const record of records.slice(2)) {
      zip.copy(zip, record + 16, real + 16, real + 28);
      zip.copy(zip, record + 42, real + 42, real + 46);
    }
    return expectRefused(zip, "corrupt");
  });

  it("a zip file of three hundred thousand entries", () => {
    const entries = Array.from({ length: 60_000 }, (_, i) => ({ name: String(i), contents: new Uint8Array(0) }));
    const zip = zipFile(entries);
    const directory = zip.subarray(zip.indexOf(code("PK\x01\x02")), zip.length - 22);
    const end = Buffer.from(zip.subarray(zip.length - 22));
    end.fill(0xff, 8, 20);
    // Zip files of this kind count up to 65535; a 64-bit end record counts on.
    const end64 = Buffer.alloc(56);
    end64.write("PK\x06\x06", "latin1");
    end64.writeBigUInt64LE(44n, 4);
    end64.writeBigUInt64LE(300_000n, 32);
    end64.writeBigUInt64LE(BigInt(5 * directory.length), 40);
    end64.writeBigUInt64LE(BigInt(zip.length - 22 - directory.length), 48);
    const locator = Buffer.alloc(20);
    locator.write("PK\x06\x07", "latin1");
    const body = Buffer.concat([zip.subarray(0, zip.length - 22), ...new Array(4).fill(directory)]);
    locator.writeBigUInt64LE(BigInt(body.length), 8);
    return expectRefused(Buffer.concat([body, end64, locator, end]), "unsupported");
  });

  it("a 64-bit zip record that points beyond any file", async () => {
    for (const target of [2n ** 40n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]) {
      const zip = torchZip(good, [floats("0", [1, 2])]);
      const locator = Buffer.alloc(20);
      locator.write("PK\x06\x07", "latin1");
      locator.writeBigUInt64LE(target, 8);
      await expectRefused(
        Buffer.concat([zip.subarray(0, zip.length - 22), locator, zip.subarray(zip.length - 22)]),
        "truncated",
      );
    }
  });

  it("a safetensors header of thirty million brackets, or of two million", async () => {
    await expectRefused(safetensorsFile(`{"x":${"[".repeat(30e6)}`, new Uint8Array(0)), "unsupported");
    await expectRefused(safetensorsFile(`{"x":${"[".repeat(2e6)}`, new Uint8Array(0)), "corrupt");
    await expectRefused(safetensorsFile(`{"x":[${"{},".repeat(0.6e6)}{}]}`, new Uint8Array(0)), "corrupt");
  });
});
