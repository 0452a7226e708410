import { describe, expect, it } from "vitest";
import { cacheFolder } from "../src/index.ts";

describe("the cache", () => {
  it.each([
    ["linux", "/home/ann", "/home/ann/.cache/seg"],
    ["freebsd", "/home/ann", "/home/ann/.cache/seg"],
    ["darwin", "/Users/ann", "/Users/ann/Library/Caches/seg"],
    ["win32", "C:\\Users\\ann", "C:\\Users\\ann\\AppData\\Local\\seg"],
  ] as const)("lies where %s keeps caches", (platform, home, folder) => {
    expect(cacheFolder({}, platform, home)).toBe(folder);
  });

  it("lies in XDG_CACHE_HOME on every system, if that is absolute", () => {
    expect(cacheFolder({ XDG_CACHE_HOME: "/big/disk" }, "linux", "/home/ann")).toBe("/big/disk/seg");
    expect(cacheFolder({ XDG_CACHE_HOME: "/big/disk" }, "darwin", "/Users/ann")).toBe("/big/disk/seg");
    expect(cacheFolder({ XDG_CACHE_HOME: "D:\\big", LOCALAPPDATA: "E:\\local" }, "win32", "C:\\ann")).toBe(
      "D:\\big\\seg",
    );
    expect(cacheFolder({ XDG_CACHE_HOME: "relative" }, "linux", "/home/ann")).toBe("/home/ann/.cache/seg");
  });

  it("lies in LOCALAPPDATA on Windows only", () => {
    expect(cacheFolder({ LOCALAPPDATA: "E:\\local" }, "win32", "C:\\ann")).toBe("E:\\local\\seg");
    expect(cacheFolder({ LOCALAPPDATA: "/local" }, "linux", "/home/ann")).toBe("/home/ann/.cache/seg");
  });

  it("is below HOME, if that is set", () => {
    expect(cacheFolder({ HOME: "/home/ann" }, "linux")).toBe("/home/ann/.cache/seg");
  });

  it("is nowhere, with the way out, where there is no home folder", () => {
    for (const home of ["relative", ""]) {
      expect(() => cacheFolder({}, "linux", home)).toThrow(
        /home folder .*: set XDG_CACHE_HOME to a folder of your own/,
      );
      expect(cacheFolder({ XDG_CACHE_HOME: "/big/disk" }, "linux", home)).toBe("/big/disk/seg");
    }
  });
});
