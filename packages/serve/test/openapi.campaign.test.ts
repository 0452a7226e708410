import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { temporaryFolder } from "@seg/testing/node";
import { describe, expect, it } from "vitest";
import { running } from "./running.ts";

const { SEG_TEST_PYTHON, PATH = "" } = process.env;
const folders = [...(SEG_TEST_PYTHON ? [dirname(SEG_TEST_PYTHON)] : []), ...PATH.split(delimiter)];
const schemathesis = folders.map((folder) => join(folder, "schemathesis")).find((file) => existsSync(file));

// What a photo is no schema tells, so that valid texts are refused.
const EXCLUDED = "positive_data_acceptance";

describe.skipIf(!schemathesis)(
  `the OpenAPI document${schemathesis ? "" : " (skipped: schemathesis is not installed)"}`,
  () => {
    it("is what the service does, as schemathesis finds", async () => {
      const { url } = await running({ timeLimit: 120 });
      const words = ["run", `${url}/openapi.json`, "--exclude-checks", EXCLUDED, "--seed", "13"];
      const child = spawn(schemathesis!, [...words, "--max-examples", "40", "--no-color"], { cwd: temporaryFolder() });
      let said = "";
      for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += chunk));
      const code = await new Promise((resolve) => child.once("close", resolve));
      expect(said).toContain("Tested: 5");
      expect([code, said]).toEqual([0, expect.not.stringContaining("FAILURES")]);
    });
  },
);
