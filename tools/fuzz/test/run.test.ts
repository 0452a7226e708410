import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { makeCase, runCampaign } from "../src/campaign.ts";
import { Report } from "../src/report.ts";

const FORMATS = new URL("../formats/index.ts", import.meta.url);
const RUN = fileURLToPath(new URL("../run.mjs", import.meta.url));
const LIMITS = { time: 5, memory: 200e6 };

it("refuses or reads some hostile inputs of each format within the limits, and does nothing else", async () => {
  const report = new Report("2");
  const onOutcome = (...outcome: Parameters<Report["add"]>) => report.add(...outcome);
  await runCampaign({ formats: FORMATS, cases: 400, seed: "2", jobs: 2, limits: LIMITS, onOutcome });
  expect(report.cases).toBe(400);
  expect(report.failures.map((failure) => `${failure.fault}: ${report.repeat(failure)}`)).toEqual([]);
});

it("makes a case of its seed, format and number alone, the same each time", async () => {
  for (const format of ["pickle", "png", "jpg", "dataset-zip", "yaml"]) {
    const first = await makeCase(FORMATS, format, "3", 20);
    expect(await makeCase(FORMATS, format, "3", 20)).toEqual(first);
    expect(await makeCase(FORMATS, format, "4", 20)).not.toEqual(first);
  }
});

it("runs one case again by its name, and keeps its files", async () => {
  const folder = mkdtempSync(join(tmpdir(), "seg-fuzz-test-"));
  try {
    const words = [RUN, "--format", "odgt", "--only", "3:7", "--keep", folder];
    const { stdout } = await promisify(execFile)(process.execPath, words);
    expect(stdout).toContain("1 cases of seed 3 in ");
    const { files } = await makeCase(FORMATS, "odgt", "3", 7);
    const kept = join(folder, "odgt-3-7");
    expect(readdirSync(kept)).toEqual(Object.keys(files));
    for (const [name, content] of Object.entries(files)) {
      expect(readFileSync(join(kept, name)).equals(Buffer.from(content))).toBe(true);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it("says what it takes where a case is named without its format", async () => {
  const failed = promisify(execFile)(process.execPath, [RUN, "--only", "3:7"]);
  await expect(failed).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining("beside --format NAME") });
});
