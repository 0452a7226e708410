import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder, zipOf } from "@seg/testing/node";
import { expect, it } from "vitest";
import { unpackZip } from "../../src/dataset/unpack-zip.ts";

const FILES = { "a/one.txt": "first", "a/b/two.bin": randomBytes(300_000), "empty.txt": "" };

/** The zip's path in a new folder. */
const put = (zip: Uint8Array) => join(temporaryFolder({ "data.zip": zip }), "data.zip");
/** Every file and folder below a folder. */
const listing = (folder: string) => readdirSync(folder, { recursive: true }).map(String).sort();

it("unpacks every file and tells how far it is", async () => {
  const folder = join(temporaryFolder(), "new", "data");
  const progress: [number, number][] = [];
  const onProgress = (done: number, total: number) => progress.push([done, total]);
  expect(await unpackZip(put(await zipOf(FILES)), folder, { onProgress })).toBe(3);
  expect(listing(folder)).toEqual(["a", "a/b", "a/b/two.bin", "a/one.txt", "empty.txt"]);
  for (const [name, content] of Object.entries(FILES)) {
    expect(readFileSync(join(folder, name))).toEqual(Buffer.from(content));
  }
  expect(progress).toEqual([
    [5, 300_005],
    [300_005, 300_005],
    [300_005, 300_005],
  ]);
});

it("leaves alone what is there and right, and replaces what is not", async () => {
  const folder = temporaryFolder();
  const zip = put(await zipOf(FILES));
  await unpackZip(zip, folder);
  const before = statSync(join(folder, "a/b/two.bin"));
  writeFileSync(join(folder, "a/one.txt"), "other");
  await unpackZip(zip, folder);
  expect(readFileSync(join(folder, "a/one.txt"), "utf8")).toBe("first");
  expect(statSync(join(folder, "a/b/two.bin"))).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs });
});

it("leaves no file behind whose checksum is wrong", async () => {
  const folder = temporaryFolder();
  const zip = await zipOf({ "good.txt": "good", "bad.txt": "what stands here" }, { compress: false });
  zip[zip.indexOf("stands")]! ^= 1;
  const file = put(zip);
  await expect(unpackZip(file, folder)).rejects.toMatchObject({
    code: "failed",
    data: { file, reason: "bad.txt does not match its checksum" },
  });
  expect(listing(folder)).toEqual(["good.txt"]);
});

it("leaves no file behind that cannot be inflated", async () => {
  const folder = temporaryFolder();
  const zip = await zipOf({ "long.txt": "abc".repeat(10_000) });
  zip.fill(0xff, 40, 60);
  const file = put(zip);
  await expect(unpackZip(file, folder)).rejects.toMatchObject({
    code: "failed",
    data: { file, reason: expect.stringMatching(/^its entry long\.txt cannot be unpacked: /) },
    cause: { code: expect.stringMatching(/^Z_/) },
  });
  expect(listing(folder)).toEqual([]);
});

it.each(["../evil.txt", "/x/evil.txt", "a\\..\\..\\evil.txt"])("refuses to write %s", async (name) => {
  const folder = join(temporaryFolder(), "data");
  const harmless = name.replace(/[^.\w]|\.(?=\.)|(?<=\.)\./g, "x");
  const zip = Buffer.from(
    (await zipOf({ [harmless]: "evil" })).toString("latin1").replaceAll(harmless, name),
    "latin1",
  );
  await expect(unpackZip(put(zip), folder)).rejects.toMatchObject({
    code: "failed",
    data: { reason: expect.stringMatching(/relative path|absolute path|invalid/) },
  });
  expect(listing(join(folder, ".."))).toEqual([]);
});

it("refuses a zip that is cut off before it writes anything, and names one that is not there", async () => {
  const folder = temporaryFolder();
  const zip = await zipOf(FILES);
  const cut = put(zip.subarray(0, 1000));
  await expect(unpackZip(cut, folder)).rejects.toMatchObject({ code: "failed", data: { file: cut } });
  // What to do about it is the caller's to say: it may be the user's own.
  await expect(unpackZip(cut, folder)).rejects.toThrow(
    /its directory cannot be read: .*\): get it again, or name another/,
  );
  await expect(unpackZip(cut, folder, { wayOut: "ask Ann" })).rejects.toThrow(/\): ask Ann\.$/);
  const none = join(folder, "none.zip");
  await expect(unpackZip(none, folder)).rejects.toMatchObject({ code: "missing", data: { file: none } });
  expect(listing(folder)).toEqual([]);
});

it("stops when it is told to, and goes on the next time", async () => {
  const folder = temporaryFolder();
  const zip = put(await zipOf(FILES));
  const stop = new AbortController();
  const onProgress = () => stop.abort(new Error("enough"));
  await expect(unpackZip(zip, folder, { onProgress, signal: stop.signal })).rejects.toThrow("enough");
  expect(listing(folder)).toEqual(["a", "a/one.txt"]);
  await unpackZip(zip, folder);
  expect(listing(folder)).toHaveLength(5);
});

it("names a place that cannot be written", async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "a/one.txt"), { recursive: true });
  await expect(unpackZip(put(await zipOf(FILES)), folder)).rejects.toMatchObject({
    code: "unwritable",
    data: { file: join(folder, "a/one.txt") },
  });
});

it.skipIf(process.platform === "win32")("refuses a pipe, which may have no end (skipped on Windows)", async () => {
  const pipe = join(temporaryFolder(), "a.zip");
  execFileSync("mkfifo", [pipe]);
  await expect(unpackZip(pipe, temporaryFolder())).rejects.toMatchObject({
    code: "failed",
    data: { file: pipe, reason: "it is no regular file" },
  });
});
