import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
const fixtures = fileURLToPath(new URL("skips", import.meta.url));

/** Runs vitest on a fixture as a user would, and gives its exit code, what it printed, and the totals' line. */
function run(file: string, { ci, args = [] }: { ci: boolean; args?: string[] }) {
  const folder = mkdtempSync(join(tmpdir(), "skips-"));
  try {
    const totals = join(folder, "totals");
    const { VITEST: _, CI: __, ...inherited } = process.env;
    const env = { ...inherited, NO_COLOR: "1", SEG_TEST_TOTALS: totals, ...(ci && { CI: "true" }) };
    const { status, stdout } = spawnSync(process.execPath, [vitest, "run", "--root", fixtures, file, ...args], {
      env,
      encoding: "utf8",
    });
    return { status, stdout, totals: readFileSync(totals, "utf8") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("the reporter of skipped tests", () => {
  it("lists what was skipped under its reason, before vitest's totals", () => {
    const { status, stdout, totals } = run("some", { ci: false });
    expect(stdout).toContain(
      [
        "Skipped on this machine:",
        "  no addon (build it)",
        "    skips › convolution on native (2 tests)",
        "    skips › an engine > starts (1 test)",
        "    skips › an engine > stops (1 test)",
        "  no reason given",
        "    skips › nothing said (2 tests)",
        "    skips › needs nothing (1 test)",
        "  no folder",
        "    skips › files > reads (1 test)",
        "    skips › files > reads more (1 test)",
      ].join("\n"),
    );
    expect(stdout.indexOf("Skipped on this machine")).toBeLessThan(stdout.indexOf("Test Files"));
    expect(totals).toBe("1 passed, 0 failed, 9 skipped\n");
    expect(status).toBe(0);
  });

  it("fails the run where CI is set", () => {
    expect(run("some", { ci: true }).status).toBe(1);
  });

  it("passes it where nothing is missing but the folder shared", () => {
    const { status, stdout, totals } = run("data", { ci: true });
    expect(stdout).toContain("  the folder shared is absent\n    skips › reads (1 test)");
    expect(totals).toBe("1 passed, 0 failed, 1 skipped\n");
    expect(status).toBe(0);
  });

  it("stays silent about tests that a name pattern left out", () => {
    const { status, stdout } = run("some", { ci: true, args: ["-t", "adds"] });
    expect(stdout).not.toContain("Skipped on this machine");
    expect(status).toBe(0);
  });

  it("counts a file that breaks before its first test as a failure", () => {
    const { status, totals } = run("broken", { ci: false });
    expect(totals).toBe("0 passed, 1 failed, 0 skipped\n");
    expect(status).toBe(1);
  });
});
