import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeFileAtomic, writeFolderAtomic } from "../src/index.ts";
import { temporaryFolder } from "./temporary-folder.ts";

describe("writeFolderAtomic", () => {
  it("shows a folder that is whole, folders on the way included, and leaves nothing else", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "a/b");
    await writeFolderAtomic(path, async (draft) => {
      await writeFile(join(draft, "1.txt"), "one");
      expect(existsSync(path)).toBe(false);
      await writeFile(join(draft, "2.txt"), "two");
    });
    expect(readdirSync(join(folder, "a"))).toEqual(["b"]);
    expect(readdirSync(path).sort()).toEqual(["1.txt", "2.txt"]);
  });

  it("replaces a folder whole: what only the old one held is gone", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "b");
    mkdirSync(path);
    writeFileSync(join(path, "old.txt"), "old");
    await writeFolderAtomic(path, (draft) => writeFile(join(draft, "new.txt"), "new"));
    expect(readdirSync(folder)).toEqual(["b"]);
    expect(readdirSync(path)).toEqual(["new.txt"]);
  });

  it("leaves what was there, and nothing else, if the writer fails, whose error passes", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "b");
    mkdirSync(path);
    writeFileSync(join(path, "old.txt"), "old");
    const broken = new Error("broken");
    const writer = async (draft: string) => {
      await writeFile(join(draft, "new.txt"), "new");
      throw broken;
    };
    await expect(writeFolderAtomic(path, writer)).rejects.toBe(broken);
    expect(readdirSync(folder)).toEqual(["b"]);
    expect(readFileSync(join(path, "old.txt"), "utf8")).toBe("old");
  });

  it("tells the folder and the system's code where it or a file in it cannot be written", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "file"), "");
    const under = join(folder, "file/b");
    const refused = (file: string, systemCode: string) => ({
      name: "FileError",
      code: "unwritable",
      data: { file, systemCode },
    });
    await expect(writeFolderAtomic(under, async () => {})).rejects.toMatchObject(refused(under, "EEXIST"));
    const path = join(folder, "b");
    const writer = (draft: string) => writeFileAtomic(join(draft, "none/1.txt"), "", { makeFolder: false });
    await expect(writeFolderAtomic(path, writer)).rejects.toMatchObject(refused(path, "ENOENT"));
    expect(readdirSync(folder)).toEqual(["file"]);
  });
});
