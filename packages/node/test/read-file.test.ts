import { execFileSync, spawn } from "node:child_process";
import { closeSync, constants, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readRegularFile, readRegularFileSync } from "../src/read-file.ts";
import { readTextFile, readTextFileSync } from "../src/read-text.ts";

const folder = mkdtempSync(join(tmpdir(), "seg-node-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const inFolder = (name: string) => join(folder, name);
const onWindows = process.platform === "win32";

function pipe(name: string): string {
  execFileSync("sh", ["-c", 'mkfifo "$1"', "sh", inFolder(name)]);
  return inFolder(name);
}

/** The error of both, which must be alike. */
async function refusal(path: string, options = {}): Promise<{ code: string; data: Record<string, unknown> }> {
  const later = await readRegularFile(path, options).catch((error) => error);
  let now: unknown;
  try {
    now = readRegularFileSync(path, options);
  } catch (error) {
    now = error;
  }
  expect((now as Error).message).toBe(later.message);
  expect(later).toMatchObject({ name: "FileError", code: "unreadable", data: { file: path } });
  return later;
}

describe("A file", () => {
  it("is read whole, up to its limit", async () => {
    const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, i) => i % 251));
    writeFileSync(inFolder("bytes"), bytes);
    expect((await readRegularFile(inFolder("bytes"))).equals(bytes)).toBe(true);
    expect((await readRegularFile(inFolder("bytes"), { limit: 200_000 })).equals(bytes)).toBe(true);
    expect(readRegularFileSync(inFolder("bytes"), { limit: 200_000 }).equals(bytes)).toBe(true);
    const { data } = await refusal(inFolder("bytes"), { limit: 199_999 });
    expect(data).toMatchObject({ systemCode: "EFBIG", reason: "it has more than 200 kB" });
    writeFileSync(inFolder("empty"), "");
    expect((await readRegularFile(inFolder("empty"))).length).toBe(0);
    expect(readRegularFileSync(inFolder("empty")).length).toBe(0);
  });

  it("that is not there, or is a folder, is told so", async () => {
    mkdirSync(inFolder("folder"));
    expect((await refusal(inFolder("nothing"))).data).toMatchObject({ systemCode: "ENOENT" });
    expect((await refusal(inFolder("folder"))).data).toMatchObject({ systemCode: "EISDIR", reason: "it is a folder" });
    expect((await refusal(`${inFolder("folder")}/${"x".repeat(5000)}`)).data).toMatchObject({
      systemCode: onWindows ? "ENOENT" : "ENAMETOOLONG",
    });
  });

  it.skipIf(process.platform !== "linux")(
    "of the system without a size is read up to the limit (skipped but on Linux)",
    async () => {
      expect((await readRegularFile("/proc/self/status")).toString()).toMatch(/^Name:/);
      expect(readRegularFileSync("/proc/self/status").toString()).toMatch(/^Name:/);
      expect((await refusal("/dev/zero")).data).toMatchObject({
        systemCode: "EINVAL",
        reason: "it is a device or socket",
      });
    },
  );
});

describe.skipIf(onWindows)("A pipe (skipped on Windows)", () => {
  it("is refused at once unless it is wanted, as is a socket", async () => {
    expect((await refusal(pipe("unwanted"))).data).toMatchObject({ systemCode: "EINVAL", reason: "it is a pipe" });
    const server = createServer();
    await new Promise<void>((done) => server.listen(inFolder("socket"), done));
    expect((await refusal(inFolder("socket"), { pipe: true })).data).toMatchObject({ systemCode: "EINVAL" });
    server.close();
  });

  it("that is wanted is read to its end, up to the limit", async () => {
    const path = pipe("wanted");
    const write = async (text: string) => {
      const writer = await open(path, "w");
      await writer.writeFile(text).catch(() => {});
      await writer.close();
    };
    const [read] = await Promise.all([readRegularFile(path, { pipe: true }), write("x".repeat(300_000))]);
    expect(read.toString()).toBe("x".repeat(300_000));
    const [error] = await Promise.all([
      readRegularFile(path, { pipe: true, limit: 100 }).catch((thrown) => thrown),
      write("x".repeat(1000)),
    ]);
    expect(error).toMatchObject({ code: "unreadable", data: { systemCode: "EFBIG" } });
  });

  it("that nobody writes to is left when the signal says so", async () => {
    const stop = new AbortController();
    const reading = readRegularFile(pipe("silent"), { pipe: true, signal: stop.signal });
    setTimeout(() => stop.abort(new Error("enough")), 50);
    await expect(reading).rejects.toThrow("enough");
  });

  it("is waited for at once too, until its writer comes", () => {
    const path = pipe("late");
    spawn("sh", ["-c", `sleep 1; printf late > "$1"`, "sh", path]).unref();
    expect(readRegularFileSync(path, { pipe: true }).toString()).toBe("late");
  });

  it("whose writer never comes is given up, at once", () => {
    expect(() => readRegularFileSync(pipe("never"), { pipe: true })).toThrow(
      /never but the pipe gave nothing for 5 seconds/,
    );
  });

  it("is read at once too, for which its writer is waited", () => {
    const path = pipe("sync");
    // In the background, as this thread waits.
    const writer = spawn("sh", ["-c", `sleep 0.2; printf late > "$1"`, "sh", path]);
    const opened = openSync(path, constants.O_RDWR);
    writer.unref();
    try {
      expect(() => readRegularFileSync(path, { pipe: true, limit: 3 })).toThrow("more than 3 B");
    } finally {
      closeSync(opened);
    }
  });
});

describe("A text", () => {
  const read = async (name: string, bytes: Uint8Array | string) => {
    writeFileSync(inFolder(name), bytes);
    const later = await readTextFile(inFolder(name)).catch((error) => error);
    let now: unknown;
    try {
      now = readTextFileSync(inFolder(name));
    } catch (error) {
      now = error;
    }
    expect(String(now)).toBe(String(later));
    return later;
  };

  it("is UTF-8, or UTF-16 with its mark", async () => {
    expect(await read("plain", "Höhe\r\n")).toBe("Höhe\r\n");
    expect(await read("marked", "\ufeffHöhe")).toBe("Höhe");
    expect(await read("little", Buffer.from("\ufeffHöhe", "utf16le"))).toBe("Höhe");
    expect(await read("big", Buffer.from("\ufeffHöhe", "utf16le").swap16())).toBe("Höhe");
  });

  it.each<[string, Buffer, number]>([
    ["Latin-1", Buffer.from("a\nb\nHöhe\n", "latin1"), 3],
    ["UTF-16 without its mark", Buffer.from("a\nb", "utf16le"), 1],
    ["UTF-32", Buffer.from([0x61, 0, 0, 0, 0x62, 0, 0, 0]), 1],
    ["half a surrogate", Buffer.from([0x61, 0x0a, 0xed, 0xa0, 0x80]), 2],
    ["a NUL", Buffer.from("a\nb\nc\0\n"), 3],
  ])("in %s is refused with its line", async (_what, bytes, line) => {
    expect(await read("no-text", bytes)).toMatchObject({
      code: "unreadable",
      data: { line, hint: "save it as UTF-8" },
    });
  });
});
