import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "@seg/testing/node";
import { describe, expect, it } from "vitest";
import { writeScores } from "../../src/photos/write-scores.ts";

const python = process.env.SEG_TEST_PYTHON ?? "python3";
const hasNumpy = spawnSync(python, ["-c", "import numpy"]).status === 0;

/** Sums of powers of two, which float16 holds. */
const scores = {
  shape: [2, 3, 4] as const,
  *rows() {
    yield Float32Array.from({ length: 12 }, (_, i) => i / 64);
    yield Float32Array.from({ length: 12 }, (_, i) => 1 - i / 64);
  },
};

describe("Scores", () => {
  it("are float16 after a header whose length is a multiple of 64", async () => {
    const path = join(temporaryFolder(), "deep/a.npy");
    await writeScores(path, scores);
    const bytes = readFileSync(path);
    const header = bytes.subarray(0, bytes.length - 48);
    expect(header.length % 64).toBe(0);
    expect(header.readUInt16LE(8)).toBe(header.length - 10);
    expect(header.toString("latin1", 1, 6)).toBe("NUMPY");
    // 1 and 1 − 1/64, as IEEE 754 writes them.
    expect([bytes.readUInt16LE(header.length + 24), bytes.readUInt16LE(header.length + 26)]).toEqual([0x3c00, 0x3be0]);
  });

  it.skipIf(!hasNumpy)("are what NumPy reads (skipped: no numpy in python3)", async () => {
    const path = join(temporaryFolder(), "a.npy");
    await writeScores(path, scores);
    const program =
      "import numpy, sys; a = numpy.load(sys.argv[1], mmap_mode='r'); print(a.dtype, a.shape, a.flatten().tolist())";
    const { stdout } = spawnSync(python, ["-c", program, path], { encoding: "utf8" });
    const values = [...scores.rows()].flatMap((row) => [...row]);
    const [, dtype, shape, list] = /^(\S+) (\(.*?\)) (.*)$/.exec(stdout.trim())!;
    expect({ dtype, shape, values: JSON.parse(list!) }).toEqual({ dtype: "float16", shape: "(2, 3, 4)", values });
  });

  it("leave nothing behind when they are interrupted", async () => {
    const path = join(temporaryFolder(), "a.npy");
    const abort = new AbortController();
    const stopped = {
      ...scores,
      *rows() {
        abort.abort();
        yield* scores.rows();
      },
    };
    await expect(writeScores(path, stopped, abort.signal)).rejects.toMatchObject({ name: "AbortError" });
    expect(existsSync(path)).toBe(false);
  });
});
