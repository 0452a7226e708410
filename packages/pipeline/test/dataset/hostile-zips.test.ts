import { execFileSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "@seg/testing/node";
import { describe, expect, it } from "vitest";
import { unpackZip, whyNotZip } from "../../src/dataset/unpack-zip.ts";
import { hostileZip, type ZipEntry } from "../support/zips.ts";

const ZEROS = new Uint8Array(5e6);
const plain = (name: string, contents = "a"): ZipEntry => ({ name, contents });

async function unpack(zip: Uint8Array, options: Parameters<typeof unpackZip>[2] = {}) {
  const around = temporaryFolder({ "a.zip": zip });
  const file = join(around, "a.zip");
  const error = await unpackZip(file, join(around, "data"), options).catch((thrown) => thrown);
  return { error, file, left: readdirSync(around, { recursive: true }).map(String).sort() };
}

describe("a zip is refused before anything is written if", () => {
  const NAMES = [
    ...[
      "../evil",
      "a/../../evil",
      "/evil",
      "a//b",
      "./a",
      "a/.",
      "",
      "\\evil",
      "a\\b",
      "C:/evil",
      "C:evil",
      "a/b:stream",
    ],
    ...[
      "con",
      "a/NUL.txt",
      "aux.jpg",
      "a/com1",
      "LPT9.x",
      "a.",
      "a ",
      "a/b. /c",
      "a\u0000b",
      "a\u001b[31mb",
      "a?",
      "a*",
      "a|b",
    ],
    "x".repeat(256),
  ];
  it.each(NAMES)("it holds a file named %j", async (name) => {
    const { error, left } = await unpack(hostileZip([plain("good"), plain(name)]));
    expect(error).toMatchObject({ name: "PipelineError", code: "failed" });
    expect(error.message).toMatch(/a\.zip is not \(.*\)/);
    expect(left).toEqual(["a.zip"]);
  });

  const KINDS: [what: string, entries: ZipEntry[], why: RegExp][] = [
    ["it holds a symbolic link", [{ ...plain("a", "/etc"), mode: 0o120777 }], /is a link or a device/],
    ["it holds a device", [{ ...plain("a"), mode: 0o060644 }], /is a link or a device/],
    ["it holds a pipe", [{ ...plain("a"), mode: 0o010644 }], /is a link or a device/],
    ["it holds a folder with a file's mode", [{ name: "a/", mode: 0o100644 }], /is a file and a folder/],
    ["it holds a folder with contents", [{ ...plain("a/"), mode: 0 }], /is a file and a folder/],
    ["a name stands there twice", [plain("a"), plain("b"), plain("a")], /a stands there twice/],
    ["names differ in case only", [plain("a/B"), plain("a/b")], /a\/b stands there twice/],
    ["names differ in Unicode's form only", [plain("\u00e9"), plain("e\u0301")], /stands there twice/],
    ["a file is a folder too", [plain("a"), plain("a/b")], /a\/b lies in a file/],
    ["a file is a folder two levels above", [plain("a/b/c"), plain("A")], /a\/b\/c lies in a file/],
    [
      "two files share their bytes",
      [plain("a", "x".repeat(99)), { ...plain("b", "x".repeat(99)), at: 0 }],
      /a reaches into what follows/,
    ],
    [
      "a file lies within another",
      [{ ...plain("a", "x"), compressedSize: 60, size: 60 }, plain("b", "y".repeat(90))],
      /a reaches into what follows/,
    ],
    [
      "a file is longer than the zip",
      [{ ...plain("a"), compressedSize: 1e6, size: 1e6 }],
      /a reaches into what follows/,
    ],
    [
      "a file is packed as none is",
      [{ name: "a", contents: ZEROS, deflate: true }],
      /5000000 bytes in \d+, as no photo is packed/,
    ],
    [
      "a file is encrypted",
      [{ ...plain("a", "encrypted, 13"), size: 1, flags: 1 }],
      /encrypted or packed in an unknown way/,
    ],
    ["a file is packed in an unknown way", [{ ...plain("a"), method: 14 }], /encrypted or packed in an unknown way/],
  ];
  it.each(KINDS)("%s", async (_, entries, why) => {
    const { error, left } = await unpack(hostileZip(entries));
    expect(error).toMatchObject({ code: "failed", data: { reason: expect.stringMatching(why) } });
    expect(left).toEqual(["a.zip"]);
  });

  it("it holds more than the limits let it", async () => {
    const many = hostileZip(Array.from({ length: 30 }, (_, i) => plain(`file-${i}`, "0123456789")));
    for (const [limits, why] of [
      [{ entries: 29 }, /30 entries, more than 29/],
      [{ directory: 199 }, /directory is larger than 199 bytes/],
      [{ unpacked: 299 }, /more than 299 bytes unpacked/],
    ] as const) {
      const { error, left } = await unpack(many, { limits });
      expect(error).toMatchObject({ code: "failed", data: { reason: expect.stringMatching(why) } });
      expect(left).toEqual(["a.zip"]);
    }
    expect((await unpack(many, { limits: { entries: 30, unpacked: 300 } })).error).toBe(30);
  });

  it("its directory names more entries than it has, or is not there", async () => {
    expect((await unpack(hostileZip([plain("a")], { count: 9 }))).error).toMatchObject({ code: "failed" });
    const zip = hostileZip([plain("a"), plain("b")]);
    for (let kept = 0; kept < zip.length; kept += 7) {
      expect((await unpack(zip.subarray(0, kept))).error).toMatchObject({ code: "failed" });
    }
  });
});

describe("no file is left behind that", () => {
  const good = { name: "bad.txt", contents: "what stands here" };
  it.each<[what: string, entry: ZipEntry, why: RegExp]>([
    ["has another checksum", { ...good, crc: 1 }, /does not match its checksum/],
    ["has another name in its own header", { ...good, local: { name: "big.txt" } }, /not what its directory says/],
    ["is packed otherwise by its own header", { ...good, local: { method: 8 } }, /not what its directory says/],
    ["is longer by its own header", { ...good, local: { size: 17 } }, /not what its directory says/],
    ["has another checksum in its own header", { ...good, local: { crc: 2 } }, /not what its directory says/],
    ["unpacks to more than it says", { ...good, deflate: true, size: 4 }, /too many bytes/],
    ["unpacks to less than it says", { ...good, deflate: true, size: 40 }, /not enough bytes/],
  ])("%s", async (_, entry, why) => {
    const { error, left } = await unpack(hostileZip([plain("good.txt"), entry]));
    expect(error).toMatchObject({ code: "failed", data: { reason: expect.stringMatching(why) } });
    expect(left).toEqual(["a.zip", "data", "data/good.txt"]);
  });
});

it("only files that are wanted are written", async () => {
  const names = ["a/1.jpg", ".npmrc", "node_modules/a/index.js", "a/.git/config"];
  const wanted = (name: string) => name.endsWith(".jpg");
  const { error, left } = await unpack(hostileZip(names.map((name) => plain(name))), { wanted });
  expect(error).toBe(1);
  expect(left).toEqual(["a.zip", "data", "data/a", "data/a/1.jpg"]);
});

it("a zip that other programs make is none of these", async () => {
  const script =
    "import sys, zipfile\nwith zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED) as z:\n z.mkdir('a')\n for n in 'a/b', 'c': z.writestr(n, n * 999)";
  const file = join(temporaryFolder(), "a.zip");
  writeFileSync(file, "");
  execFileSync("python3", ["-c", script, file]);
  expect(await whyNotZip(file)).toBeUndefined();
  expect(await unpackZip(file, temporaryFolder())).toBe(2);
});

it("a directory is refused for the number of its entries before they are read", async () => {
  const zip = hostileZip([plain("a")], { count: 65_535 });
  expect((await unpack(zip, { limits: { entries: 1000 } })).error.data.reason).toMatch(/65535 entries, more than 1000/);
});
