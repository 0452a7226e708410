import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder, tinyWeights } from "@seg/testing/node";
import { describe, expect, it } from "vitest";
import { sha256, whatIsWrong } from "../../src/weights/verify.ts";

// The digest of "abc" in FIPS 180-2, appendix B.1.
const ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

it("is SHA-256", async () => {
  expect(await sha256(join(temporaryFolder({ a: "abc" }), "a"))).toBe(ABC);
});

describe("a file of weights", () => {
  it("is opened on first use, and held against its checksum later", async () => {
    const path = join(temporaryFolder({ a: tinyWeights() }), "a");
    expect(await whatIsWrong(path)).toBeUndefined();
    expect(readFileSync(`${path}.sha256`, "utf8")).toBe(`${await sha256(path)} *a\n`);
    expect(await whatIsWrong(path)).toBeUndefined();
    writeFileSync(path, tinyWeights(4, 2));
    expect(await whatIsWrong(path)).toMatch(/not what it was when it was first used/);
  });

  it("is opened although an older version has noted its checksum, which it did for rubbish too", async () => {
    const folder = temporaryFolder({ good: tinyWeights(), bad: "abc", "bad.sha256": `${ABC}  bad\n` });
    const good = join(folder, "good");
    writeFileSync(`${good}.sha256`, `${await sha256(good)}  good\n`);
    expect(await whatIsWrong(good)).toBeUndefined();
    expect(readFileSync(`${good}.sha256`, "utf8")).toContain(" *good");
    expect(await whatIsWrong(join(folder, "bad"))).toMatch(/^does not open \(.*\)$/);
  });

  it.each([1, 8, 60, 100])("is wrong with its last %i bytes missing", async (missing) => {
    const whole = tinyWeights(1000);
    const path = join(temporaryFolder({ cut: whole.subarray(0, whole.length - missing) }), "cut");
    expect(await whatIsWrong(path)).toMatch(/^does not open/);
    expect(existsSync(`${path}.sha256`)).toBe(false);
  });
});

// What has one of these names is opened by nobody, or stops those who do.
describe.skipIf(process.platform === "win32")("a pipe or a folder (skipped on Windows)", () => {
  const make = {
    pipe: (path: string) => void execFileSync("mkfifo", [path]),
    folder: (path: string) => mkdirSync(path),
  };

  it.each(["pipe", "folder"] as const)("%s in the place of a file of weights is wrong", async (kind) => {
    const path = join(temporaryFolder(), "a");
    make[kind](path);
    expect(await whatIsWrong(path)).toBe("is no regular file");
    await expect(sha256(path)).rejects.toMatchObject({ code: "unreadable", data: { file: path } });
  });

  it.each(["pipe", "folder"] as const)("%s in the place of its checksum says nothing", async (kind) => {
    const path = join(temporaryFolder({ a: tinyWeights() }), "a");
    make[kind](`${path}.sha256`);
    expect(await whatIsWrong(path)).toBeUndefined();
    expect(statSync(`${path}.sha256`).isFile()).toBe(kind === "pipe");
  });
});
