import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as tf from "@tensorflow/tfjs";
import { afterEach, describe, expect, it, vi } from "vitest";
import { describeEngines, ENGINE_NAMES } from "../src/index.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("describeEngines", () => {
  it("reports every engine: what runs, with its chip and speed, and for the others a one-line reason", async () => {
    const reports = await describeEngines();
    expect(reports.map(({ name }) => name)).toEqual([...ENGINE_NAMES]);
    for (const report of reports) {
      expect(report.package).toMatch(/^@tensorflow\//);
      if (report.available) {
        expect(report.gflops).toBeGreaterThan(0);
        expect(report.device).not.toBe("");
      } else {
        expect(report.reason).toMatch(/^.+$/);
      }
    }
    expect(reports.filter(({ available }) => available).map(({ name }) => name)).toEqual(
      expect.arrayContaining(["wasm", "cpu"]),
    );
  });

  it("measures nothing when told so, and starts no engine in the calling process", async () => {
    const before = Object.keys(tf.engine().registry);
    for (const report of await describeEngines({ measure: false })) expect(report).not.toHaveProperty("gflops");
    expect(Object.keys(tf.engine().registry)).toEqual(before);
  });

  it("tells of each engine that starts whether it passes a proof, or why not", async () => {
    const dir = mkdtempSync(join(tmpdir(), "seg-proof-"));
    try {
      const proof = pathToFileURL(join(dir, "proof.mjs"));
      const body = 'if (engine.name === "cpu") throw new Error("it is too slow\\nby far")';
      writeFileSync(proof, `export default async (engine) => { ${body}; };`);
      const reports = await describeEngines({ measure: false, proof });
      const proofOf = (name: string) => reports.find((report) => report.name === name && report.available);
      expect(proofOf("wasm")).toMatchObject({ proof: { passed: true } });
      expect(proofOf("cpu")).toMatchObject({ proof: { passed: false, reason: "it is too slow" } });
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it("turns a crash into a reason that names the signal", async () => {
    const dir = mkdtempSync(join(tmpdir(), "seg-crash-"));
    try {
      writeFileSync(join(dir, "crash.cjs"), "process.abort();");
      vi.stubEnv("NODE_OPTIONS", `--require ${join(dir, "crash.cjs")}`);
      for (const report of await describeEngines({ measure: false })) {
        expect(report).toMatchObject({ available: false, reason: expect.stringMatching(/^it was killed by SIGABRT/) });
      }
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it("gives up on an engine that does not answer in time", async () => {
    for (const report of await describeEngines({ measure: false, timeout: 1 })) {
      expect(report).toMatchObject({ available: false, reason: "it did not answer within 0.001 s" });
    }
  });

  it("ends with the signal's reason when aborted", async () => {
    const controller = new AbortController();
    const reports = describeEngines({ signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(reports).rejects.toThrow("enough");
  });
});
