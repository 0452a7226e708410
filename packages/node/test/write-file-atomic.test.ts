import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { ensureWritable, FileError, writeFileAtomic } from "../src/index.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const refused = (file: string, systemCode: string) =>
  expect.objectContaining({ name: "FileError", code: "unwritable", data: { file, systemCode } });

describe("writeFileAtomic", () => {
  it.each([
    ["text", "grün", Buffer.from("grün")],
    ["bytes", new Uint8Array([0, 255, 7]), Buffer.from([0, 255, 7])],
  ])("writes %s, folders on the way included, and leaves nothing else", async (_, contents, expected) => {
    const folder = temporaryFolder();
    const path = join(folder, "a/b/c.bin");
    await writeFileAtomic(path, contents, { flush: true });
    expect(readFileSync(path)).toEqual(expected);
    expect(readdirSync(join(folder, "a/b"))).toEqual(["c.bin"]);
  });

  it("makes folders that several writers need at once", async () => {
    const folder = temporaryFolder();
    await Promise.all(Array.from({ length: 20 }, (_, i) => writeFileAtomic(join(folder, `p/q/r/${i}`), "")));
    expect(readdirSync(join(folder, "p/q/r"))).toHaveLength(20);
  });

  it("shows the old file until the new one is whole", async () => {
    const path = join(temporaryFolder(), "a.txt");
    writeFileSync(path, "old");
    await writeFileAtomic(path, async (file) => {
      await file.writeFile("ne");
      await file.sync();
      expect(readFileSync(path, "utf8")).toBe("old");
      await file.writeFile("w");
    });
    expect(readFileSync(path, "utf8")).toBe("new");
  });

  it("leaves what was there, and nothing else, if the writer fails, whose error passes", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "a.txt");
    writeFileSync(path, "old");
    const broken = Object.assign(new Error("broken"), { code: "mismatch" });
    const writer = async () => {
      await sleep(1);
      throw broken;
    };
    await expect(writeFileAtomic(path, writer)).rejects.toBe(broken);
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(folder)).toEqual(["a.txt"]);
  });

  it("tells the file and the system's code where it cannot be written", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "folder/in"), { recursive: true });
    writeFileSync(join(folder, "file"), "");
    const under = join(folder, "file/a.txt");
    await expect(writeFileAtomic(under, "")).rejects.toThrow(refused(under, "EEXIST"));
    const same = join(folder, "folder");
    await expect(writeFileAtomic(same, "")).rejects.toThrow(refused(same, "EISDIR"));
    expect(readdirSync(folder).sort()).toEqual(["file", "folder"]);
  });

  it("makes no folder where that is not wanted", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "none/a.txt");
    const error = await writeFileAtomic(path, "", { makeFolder: false }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(FileError);
    expect(error).toEqual(refused(path, "ENOENT"));
    expect(error.message).toBe(`Expected to write ${path} but its folder does not exist: make it first.`);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("ensureWritable", () => {
  it("makes the folder and leaves it empty", async () => {
    const folder = join(temporaryFolder(), "a/b");
    await ensureWritable(folder);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("takes back the folders that it made as long as they are empty", async () => {
    const folder = temporaryFolder();
    const removeEmpty = await ensureWritable(join(folder, "a/b/c"));
    writeFileSync(join(folder, "a/file"), "");
    await removeEmpty();
    expect(readdirSync(folder, { recursive: true }).sort()).toEqual(["a", join("a", "file")]);
    await (await ensureWritable(folder))();
    expect(existsSync(folder)).toBe(true);
  });

  it("tells the folder where nothing can be written", async () => {
    const file = join(temporaryFolder(), "file");
    writeFileSync(file, "");
    await expect(ensureWritable(join(file, "a"))).rejects.toThrow(refused(join(file, "a"), "EEXIST"));
  });

  it.skipIf(!existsSync("/proc/self"))(
    `ends where the system answers that there is no such folder${existsSync("/proc/self") ? "" : " (skipped: no /proc)"}`,
    async () => {
      await expect(ensureWritable("/proc/none")).rejects.toThrow(refused("/proc/none", "ENOENT"));
    },
  );
});
