import { writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { localPath } from "../src/local-path.ts";
import { temporaryFolder } from "./temporary-folder.ts";

describe("A path as people write it", () => {
  it("may be a file URL, with whatever characters", () => {
    const file = join(temporaryFolder(), "a b#ü.jpg");
    expect(localPath(pathToFileURL(file).href)).toBe(file);
    expect(localPath("file:///no%zz")).toBe("file:///no%zz");
  });

  it("may begin with ~ for the home folder, but not name another user's", () => {
    expect(localPath("~")).toBe(join(homedir()));
    expect(localPath("~/a/b.jpg")).toBe(join(homedir(), "a", "b.jpg"));
    expect(localPath("~\\a\\b.jpg")).toBe(join(homedir(), "a", "b.jpg"));
    for (const path of ["~other/a.jpg", "a~", "a/~/b"]) expect(localPath(path)).toBe(path);
  });

  it.skipIf(sep === "\\")("may hold the backslashes of Windows (skipped: this is Windows)", () => {
    expect(localPath("a\\b/c.jpg")).toBe("a/b/c.jpg");
    expect(localPath("..\\a.jpg")).toBe("../a.jpg");
  });

  it.skipIf(sep === "\\")(
    "is taken as it is where something has that very name (skipped: Windows has no such names)",
    () => {
      const folder = temporaryFolder();
      for (const name of ["a\\b.jpg", "~"]) writeFileSync(join(folder, name), "");
      expect(localPath("a\\b.jpg", folder)).toBe("a\\b.jpg");
      expect(localPath("~", folder)).toBe("~");
      expect(localPath("a\\c.jpg", folder)).toBe("a/c.jpg");
    },
  );
});
